//! What the loader refuses, and how a user's file lies over the embedded one.

#![allow(clippy::unwrap_used)]

use headwater_catalog::{Catalog, CatalogError, Problem, check, list, normal_name, show};
use headwater_model::{Country, Day, HsScope, Jurisdiction, UnitClass};

/// A record that is good as it stands; `more` is added to it.
fn record(id: &str, more: &str) -> String {
    format!(
        "[[substance]]\nid = \"{id}\"\nkind = \"precursor\"\nname = \"Test {id}\"\nsources = [\"a list\"]\n{more}\n"
    )
}

fn errors(text: &str) -> Vec<CatalogError> {
    match Catalog::embedded().with_overlay("mine.toml", text) {
        Ok(_) => panic!("taken: {text}"),
        Err(errors) => errors,
    }
}

/// The only error of the text: its line, and its words.
fn only(text: &str) -> (u32, Problem, String) {
    let mut all = errors(text);
    assert_eq!(all.len(), 1, "{all:?}");
    let error = all.remove(0);
    assert_eq!(&*error.file, "mine.toml");
    let words = error.to_string();
    (error.line, error.problem, words)
}

fn with(text: &str) -> Catalog {
    Catalog::embedded().with_overlay("mine.toml", text).unwrap_or_else(|e| panic!("{e:?}"))
}

#[test]
fn a_good_record_is_taken_whole() {
    let catalog = with(&record(
        "zz-test",
        "short_name = \"ZZ\"\nsynonyms = [\"zed zed\"]\ncas = [\"7732-18-5\"]\nfamilies = [\"fentanyl\", \"mdma\"]\n\
         hs = [{ code = \"285390\", scope = \"basket\" }]\nunit = \"pieces\"\ndensity_kg_per_l = 1.082\ntablet_mg = 0.05\n\
         dose_mg = 300\nunit_value = { currency = \"EUR\", low = 1, high = 2.5 }\nlicit_trade = \"none\"\nnotes = \"a note\"\n\
         controls = [{ in = \"GB\", status = \"Category 1\", date = \"2020-05\", until = 2021-01-01, source = \"a law\" }]",
    ));
    let s = catalog.get("zz-test").unwrap();
    assert_eq!((&*s.short_name, s.unit), ("ZZ", UnitClass::Pieces));
    assert_eq!((s.density_mg_per_l, s.tablet_ug, s.dose_ug), (Some(1_082_000), Some(50), Some(300_000)));
    let value = s.unit_value.as_ref().unwrap();
    assert_eq!((&*value.currency, value.low, value.high), ("EUR", 1.0, 2.5));
    let families: Vec<&str> = s.families.iter().map(|f| &*catalog.family_at(*f).id).collect();
    assert_eq!(families, ["fentanyl", "mdma"], "the main family stays first");
    let fact = &s.controls[0];
    assert_eq!(fact.jurisdiction, Jurisdiction::parse("GB").unwrap());
    assert_eq!((fact.date, fact.day_confirmed), (Day::parse("2020-05-01"), false), "a month is no confirmed day");
    assert_eq!(fact.until, Day::parse("2021-01-01"));
    let ix = catalog.ix("zz-test");
    assert_eq!(catalog.by_cas("7732-18-5"), ix);
    assert_eq!(catalog.by_name("zedzed"), ix);
    assert_eq!(catalog.by_hs("2853.90.10"), [ix.unwrap()]);
    assert_eq!(catalog.dedicated_hs("285390"), None, "a basket never resolves");
    assert!(catalog.family("fentanyl").unwrap().members.contains(&ix.unwrap()));
}

#[test]
fn text_that_is_not_toml() {
    let (line, problem, _) = only("\n[[substance]\n");
    assert_eq!(line, 2);
    assert!(matches!(problem, Problem::Syntax(_)));
}

#[test]
fn unknown_keys_name_the_nearest() {
    let (line, _, words) = only(&record("zz-test", "synonims = [\"x\"]"));
    assert_eq!((line, &*words), (6, "mine.toml:6: unknown key `synonims`, did you mean `synonyms`?"));
    assert_eq!(only("[[substances]]\n").2, "mine.toml:1: unknown key `substances`, did you mean `substance`?");
    assert_eq!(
        only("[[family]]\nid = \"f\"\nname = \"F\"\nkind = \"market\"\nqqqqqq = 1\n").2,
        "mine.toml:5: unknown key `qqqqqq`"
    );
}

#[test]
fn keys_that_cannot_be_missed() {
    assert_eq!(only("[[substance]]\nname = \"X\"\n").2, "mine.toml:1: substance has no `id`");
    let missing: Vec<String> = errors("[[substance]]\nid = \"zz-test\"\n").iter().map(|e| e.to_string()).collect();
    assert_eq!(
        missing,
        [
            "mine.toml:2: substance `zz-test` has no `kind`",
            "mine.toml:2: substance `zz-test` has no `name`",
            "mine.toml:2: substance `zz-test` has no `sources`",
        ]
    );
    assert_eq!(errors("[[family]]\nid = \"f\"\n").len(), 2);
    assert_eq!(errors(&record("zz-test", "controls = [{ in = \"US\" }]")).len(), 2, "status and source");
    assert_eq!(errors("[[names]]\nlang = \"de\"\n").len(), 2, "source and of");
    assert_eq!(errors("[[control]]\nin = \"US\"\nstatus = \"x\"\nsource = \"y\"\n").len(), 1, "substance");
}

#[test]
fn values_of_another_type() {
    assert_eq!(only(&record("zz-test", "synonyms = \"x\"")).2, "mine.toml:6: `synonyms` is string, expected a list");
    assert_eq!(
        only(&record("zz-test", "notes = 1")).2,
        "mine.toml:6: `notes` is integer, expected a text that is not empty"
    );
    assert_eq!(
        only(&record("zz-test", "notes = \" \"")).2,
        "mine.toml:6: `notes` is empty, expected a text that is not empty"
    );
    assert_eq!(only(&record("zz-test", "hs = [1]")).2, "mine.toml:6: `hs` is integer, expected a table");
    assert!(matches!(only("substance = 1\n").1, Problem::WrongType { .. }));
}

#[test]
fn words_outside_their_lists() {
    for more in ["unit = \"kg\"", "hs = [{ code = \"293339\", scope = \"both\" }]"] {
        assert!(matches!(only(&record("zz-test", more)).1, Problem::BadWord { .. }), "{more}");
    }
    let family = "[[family]]\nid = \"f\"\nname = \"F\"\nkind = \"both\"\n";
    assert_eq!(only(family).2, "mine.toml:4: `kind` is `both`, expected one of precursor, market");
    let substance = record("zz-test", "").replace("precursor", "chemical");
    assert!(matches!(only(&substance).1, Problem::BadWord { key: "kind", .. }));
}

#[test]
fn ids_are_kebab_case() {
    for id in ["", "Zz", "zz_test", "-zz", "zz-", "z--z", "zé"] {
        let all = errors(&format!("[[substance]]\nid = \"{id}\"\n"));
        assert!(matches!(all[0].problem, Problem::BadId(_) | Problem::WrongType { .. }), "{id}: {all:?}");
    }
}

#[test]
fn numbers_of_identity() {
    let (line, problem, _) = only(&record("zz-test", "cas = [\n\"7732-18-5\",\n\"1609-66-5\"]"));
    assert_eq!((line, problem), (8, Problem::BadCas("1609-66-5".into())));
    for code in ["29333", "2933.39", "2933390", "990000", "29333x"] {
        let (_, problem, _) = only(&record("zz-test", &format!("hs = [{{ code = \"{code}\", scope = \"basket\" }}]")));
        assert_eq!(problem, Problem::BadHs(code.into()));
    }
    let unconfirmed = "hs = [{ code = \"293339\", scope = \"dedicated\", confirmed = false }]";
    assert!(matches!(only(&record("zz-test", unconfirmed)).1, Problem::DedicatedUnconfirmed(_)));
}

#[test]
fn families_must_exist_and_be_of_the_kind() {
    let (_, _, words) = only(&record("zz-test", "families = [\"fentanil\"]"));
    assert_eq!(words, "mine.toml:6: unknown family `fentanil`, did you mean `fentanyl`?");
    assert!(matches!(only(&record("zz-test", "families = [\"opioids\"]")).1, Problem::WrongFamilyKind { .. }));
    assert!(matches!(only(&record("zz-test", "market_family = \"fentanyl\"")).1, Problem::WrongFamilyKind { .. }));
    let drug = record("zz-test", "families = [\"fentanyl\"]").replace("precursor", "drug");
    assert!(matches!(only(&drug).1, Problem::DrugInPrecursorFamily(_)));
}

#[test]
fn control_facts() {
    let fact = |body: &str| record("zz-test", &format!("controls = [\n{body}\n]"));
    let us = |date: &str| format!("{{ in = \"US\", status = \"List I\", date = {date}, source = \"x\" }},");
    assert_eq!(
        only(&fact("{ in = \"ZZ\", status = \"x\", source = \"y\" }")).1,
        Problem::UnknownJurisdiction("ZZ".into())
    );
    for date in ["\"2021-02-29\"", "\"2021\"", "\"late 2019\"", "2021-01-01T00:00:00Z"] {
        assert!(matches!(only(&fact(&us(date))).1, Problem::BadDate(_)), "{date}");
    }
    let (line, problem, _) = only(&fact(&format!("{}\n{}", us("2020-01-02"), us("2020-01-01"))));
    assert_eq!(line, 8);
    assert!(matches!(problem, Problem::DatesNotAscending { .. }));
    let ends = "{ in = \"US\", status = \"x\", date = 2020-01-02, until = 2020-01-01, source = \"y\" }";
    assert!(matches!(only(&fact(ends)).1, Problem::EndBeforeStart { .. }));
    let other = us("2020-01-01").replace("US", "CA");
    with(&fact(&format!("{}\n{other}", us("2020-01-02"))));
}

#[test]
fn what_may_stand_once_only() {
    let (line, problem, _) = only(&format!("{}{}", record("zz-test", ""), record("zz-test", "")));
    assert_eq!(line, 8);
    assert_eq!(problem, Problem::DuplicateId { id: "zz-test".into(), first: "mine.toml:2".into() });
    let (line, problem, words) = only(&record("zz-test", "synonyms = [\"ACETIC ‑ ANHYDRIDE\"]"));
    assert_eq!(line, 6);
    assert!(matches!(&problem, Problem::DuplicateSynonym { other, .. } if &**other == "acetic-anhydride"), "{words}");
    // The later place is at fault also where its id comes first in the alphabet.
    let (line, problem, _) = only(&record("a-test", "synonyms = [\"acetone\"]"));
    assert!(
        line == 6 && matches!(&problem, Problem::DuplicateSynonym { other, .. } if &**other == "acetone"),
        "{problem:?}"
    );
    assert!(matches!(only(&record("zz-test", "cas = [\"108-24-7\"]")).1, Problem::DuplicateCas { .. }));
    assert!(matches!(only(&record("zz-test", "synonyms = [\"***\"]")).1, Problem::EmptyName(_)));
}

#[test]
fn limits_of_numbers_and_lengths() {
    let (_, _, words) = only(&record("zz-test", "short_name = \"twenty-five characters xx\""));
    assert_eq!(words, "mine.toml:6: short name `twenty-five characters xx` has 25 characters, at most 24 fit");
    with(&record("zz-test", "short_name = \"乙酸酐乙酸酐乙酸酐乙酸酐乙酸酐乙酸酐乙酸酐乙酸酐\""));
    for more in [
        "density_kg_per_l = 0.001",
        "density_kg_per_l = 31",
        "density_kg_per_l = 1.0000001",
        "density_kg_per_l = -1",
        "tablet_mg = 0",
        "dose_mg = 1e3",
        "dose_mg = 0.0001",
        "unit_value = { currency = \"USD\", low = 0, high = 1 }",
        "unit_value = { currency = \"USD\", low = 2, high = 1 }",
        "unit_value = { currency = \"USD\", low = 2, high = inf }",
    ] {
        assert!(matches!(only(&record("zz-test", more)).1, Problem::OutOfBounds { .. }), "{more}");
    }
    assert!(matches!(
        only(&record("zz-test", "unit_value = { currency = \"usd\", low = 1, high = 2 }")).1,
        Problem::BadWord { .. }
    ));
}

#[test]
fn all_that_is_wrong_comes_at_once_in_the_order_of_lines() {
    let text = format!(
        "{}{}",
        record("zz-test", "cas = [\"1-1-1\"]\nfamilies = [\"nothing-like-it\"]"),
        record("zy-test", "unit = \"kg\"\nsynonyms = [\"acetone\"]\nkolour = 1"),
    );
    let lines: Vec<u32> = errors(&text).iter().map(|e| e.line).collect();
    assert_eq!(lines, [6, 7, 13, 14, 15]);
}

#[test]
fn a_users_file_replaces_what_it_gives_and_adds_the_rest() {
    let base = Catalog::embedded();
    let catalog = with(
        "[[substance]]\nid = \"acetone\"\ndensity_kg_per_l = 0.79\nsynonyms = [\"dimethyl ketone\"]\n\
         [[family]]\nid = \"solvents\"\nname = \"Solvents\"\nkind = \"precursor\"\ntested = false\n\
         [[family]]\nid = \"other\"\nname = \"The rest\"\n\
         [[names]]\nlang = \"de\"\nsource = \"a list\"\n[names.of]\nnpp = [\"N-Phenethyl-4-piperidon\"]\n\
         [[control]]\nsubstance = \"npp\"\nin = \"IN\"\nstatus = \"Schedule A\"\nsource = \"a law\"\n",
    );
    let (old, new) = (base.get("acetone").unwrap(), catalog.get("acetone").unwrap());
    assert_eq!(new.density_mg_per_l, Some(790_000));
    assert_eq!(
        (&new.cas, &new.controls, &new.name),
        (&old.cas, &old.controls, &old.name),
        "what it does not give stays"
    );
    assert_eq!(catalog.by_name("dimethylketone"), catalog.ix("acetone"));
    assert_eq!(catalog.by_name("propanone"), None, "a list replaces a list");
    assert!(base.by_name("propanone").is_some(), "the base is untouched");
    assert!(!catalog.family("solvents").unwrap().tested);
    let other = catalog.family("other").unwrap();
    assert_eq!((&*other.name, other.tested), ("The rest", false));
    let npp = catalog.get("npp").unwrap();
    assert_eq!(npp.controls.len(), base.get("npp").unwrap().controls.len() + 1);
    assert!(npp.synonyms.iter().any(|s| &*s.lang == "de" && s.source.as_deref() == Some("a list")));
    assert_eq!(catalog.by_name("nphenethyl4piperidon"), catalog.ix("npp"));
    assert_ne!(catalog.version(), base.version());
    let words = only("[[names]]\nlang = \"de\"\nsource = \"x\"\n[names.of]\nacetonn = [\"y\"]\n").2;
    assert_eq!(words, "mine.toml:5: unknown substance `acetonn`, did you mean `acetone`?");
    assert!(matches!(
        only("[[control]]\nsubstance = \"zz\"\nin = \"US\"\nstatus = \"x\"\nsource = \"y\"\n").1,
        Problem::UnknownSubstance { .. }
    ));
}

#[test]
fn an_overlay_can_be_laid_over_an_overlay() {
    let twice = with(&record("zz-test", ""))
        .with_overlay("second.toml", "[[substance]]\nid = \"zz-test\"\nname = \"Renamed\"\n");
    assert_eq!(&*twice.unwrap_or_else(|e| panic!("{e:?}")).get("zz-test").unwrap().name, "Renamed");
}

#[test]
fn names_resolve_in_five_languages_and_without_accents() {
    let catalog = Catalog::embedded();
    let mut normal = String::new();
    let mut find = |raw: &str| {
        normal_name(raw, &mut normal);
        catalog.by_name(&normal).map(|ix| catalog.substance(ix).id.to_string())
    };
    for (raw, id) in [
        ("Acetic Anhydride", "acetic-anhydride"),
        ("ANHIDRIDO ACETICO", "acetic-anhydride"),
        ("Anhydride acétique", "acetic-anhydride"),
        ("（乙酸酐）", "acetic-anhydride"),
        ("УКСУСНЫЙ АНГИДРИД", "acetic-anhydride"),
        ("efedrina", "ephedrine"),
        ("éphédrine", "ephedrine"),
        ("麻黄碱", "ephedrine"),
        ("эфедрин", "ephedrine"),
        ("héroïne", "heroin"),
        ("海洛因", "heroin"),
        ("N\u{2011}Phenethyl\u{2011}4\u{2011}piperidone", "npp"),
        ("4 ap", "4-ap"),
        ("γ-butyrolactone", "gbl"),
    ] {
        assert_eq!(find(raw).as_deref(), Some(id), "{raw}");
    }
    assert_eq!(find("ice"), None, "a word of ordinary trade is no name");
    assert_eq!(find(""), None);
}

#[test]
fn names_of_the_cbp_table() {
    let catalog = Catalog::embedded();
    let mut normal = String::new();
    for (name, id) in [
        ("Cocaine", Some("cocaine")),
        ("Ecstasy", Some("mdma")),
        ("Fentanyl", Some("fentanyl")),
        ("Heroin", Some("heroin")),
        ("Ketamine", Some("ketamine")),
        ("Khat (Catha Edulis)", Some("khat")),
        ("Lsd", Some("lsd")),
        ("Marijuana", Some("marijuana")),
        ("Methamphetamine", Some("methamphetamine")),
        ("Other Drugs**", None),
    ] {
        normal_name(name, &mut normal);
        let found = catalog.by_name(&normal).map(|ix| &*catalog.substance(ix).id);
        assert_eq!(found, id, "{name}");
    }
    assert!(catalog.suggest("otherdrugs").is_none());
}

#[test]
fn families_as_the_contract_names_them() {
    let catalog = Catalog::embedded();
    let members = |id: &str| -> Vec<&str> {
        catalog.family(id).unwrap().members.iter().map(|s| &*catalog.substance(*s).id).collect()
    };
    assert_eq!(members("opioids"), ["carfentanil", "fentanyl", "fentanyl-analogues", "heroin", "nitazenes"]);
    assert_eq!(members("stimulants"), ["cocaine", "mdma", "methamphetamine"]);
    for family in catalog.families() {
        assert_eq!(family.tested, !["adulterant", "equipment", "other"].contains(&&*family.id), "{}", family.id);
        assert!(!family.members.is_empty(), "{}", family.id);
    }
    let equipment = &catalog.get("tableting-machine").unwrap();
    assert_eq!(equipment.unit, UnitClass::Pieces);
}

#[test]
fn every_embedded_substance_is_found_by_all_that_it_has() {
    let catalog = Catalog::embedded();
    let mut normal = String::new();
    for s in catalog.substances() {
        let ix = catalog.ix(&s.id);
        for name in [&s.id, &s.name, &s.short_name].into_iter().chain(s.synonyms.iter().map(|n| &n.text)) {
            normal_name(name, &mut normal);
            assert_eq!(catalog.by_name(&normal), ix, "{name}");
        }
        for cas in &s.cas {
            assert!(headwater_catalog::cas::is_valid(cas), "{cas}");
            assert_eq!(catalog.by_cas(cas), ix, "{cas}");
        }
        for hs in &s.hs {
            assert!(catalog.by_hs(&format!("{:06}", hs.code6)).contains(&ix.unwrap()));
            if hs.scope == HsScope::Dedicated {
                assert_eq!(catalog.dedicated_hs(&hs.to_string()), ix, "{hs}");
            }
        }
        assert!(!s.sources.is_empty() && s.controls.iter().all(|c| !c.source.is_empty()), "{}", s.id);
        // A name in another language, or a fact, that nobody has seen in a list does not belong here.
        assert!(s.synonyms.iter().all(|n| &*n.lang == "en" || n.source.is_some()), "{}", s.id);
        let sources = s.sources.iter().chain(s.controls.iter().map(|c| &c.source));
        for source in sources.chain(s.synonyms.iter().filter_map(|n| n.source.as_ref())) {
            assert!(!source.contains("memory"), "{}: {source}", s.id);
        }
    }
    assert_eq!(catalog.by_hs("29333990").len(), 7, "a basket names all that may be in it");
    assert_eq!(catalog.dedicated_hs("293339"), None);
    assert_eq!(catalog.by_cas("108-24-8"), None);
}

#[test]
fn countries_of_the_catalog() {
    let catalog = Catalog::embedded();
    assert!(catalog.is_country(Country::from_letters(*b"NA").unwrap()));
    assert!(!catalog.is_country(Country::UNKNOWN));
    assert_eq!(catalog.country_name(Country::from_letters(*b"US").unwrap()), Some("United States"));
}

#[test]
fn accounts_for_people() {
    let catalog = Catalog::embedded();
    let text = show(&catalog, "39742-60-4").unwrap();
    assert_eq!(text, show(&catalog, "npp").unwrap());
    assert_eq!(text, show(&catalog, "N-fenetil-4-piperidona").unwrap());
    for part in [
        "N-Phenethyl-4-piperidone (npp)",
        "2933.37 (dedicated)",
        "UN Table I, since 2017-10-18 (day not confirmed)",
        "[zh]",
        "US List I, since 2007-04-23; interim rule",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(show(&catalog, "no such thing").is_none());
    assert_eq!(list(&catalog).lines().count(), catalog.substances().len());

    let report = check(&catalog, "mine.toml", &format!("{}[[substance]]\nid = \"acetone\"\nnotes = \"x\"\n[[family]]\nid = \"a-new\"\nname = \"N\"\nkind = \"market\"\n", record("zz-test", ""))).unwrap();
    let said: Vec<&str> = report.lines().skip(1).collect();
    assert_eq!(said, ["  changes acetone", "  adds zz-test", "  adds family a-new"]);
    assert_eq!(check(&catalog, "mine.toml", "x").unwrap_err().len(), 1);
}

#[test]
fn the_version_is_a_date_and_a_hash() {
    let version = Catalog::embedded().version();
    let (date, hash) = version.split_once('+').unwrap();
    assert!(Day::parse(date).is_some() && hash.len() == 12 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{version}");
}

#[test]
fn the_examples_of_the_readme_are_good() {
    let readme = include_str!("../README.md");
    let blocks: Vec<&str> = readme.split("```toml\n").skip(1).map(|b| b.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let catalog = with(block);
        assert!(catalog.get("acetic-anhydride").is_some());
    }
}
