//! Avro on a real Kafka, and what the configuration says of it.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use headwater_tests::avro::{Json, Sender};
use headwater_tests::binary::{headwater, succeeds, volumes};
use headwater_tests::broker::Broker;
use headwater_tests::cluster::{CONFIG, World, bytes_of};
use headwater_tests::feed::{Dice, event};
use headwater_tests::oracle::{Known, Oracle, Split};
use headwater_tests::store::committed;
use serde_json::{Value, json};

use crate::writers::{Manner, contract};

const EVENTS: usize = 4_000;
/// The substances of the feed, for the oracle.
const KNOWN: Known = Known {
    cas: &[("39742-60-4", "npp"), ("21409-26-7", "anpp"), ("108-24-7", "acetic-anhydride"), ("299-42-3", "ephedrine")],
    names: &[],
    hs: &[],
    density: &[],
    tablet_mg: &[],
    dose_mg: &[],
};
/// What stands for a damaged record in the replay that judges: one reject.
const DAMAGED: &str = "{";
/// Two writers that are configured from the start, and one that is forgotten.
const IDS: [u32; 3] = [7, 70_000, u32::MAX];

/// The schemas of three senders, and the senders.
fn senders(world: &World) -> [Sender; 3] {
    let contract = contract("trade-event");
    let manners = [
        Manner::default(),
        Manner { numbers: 2, times: 2, turned: 5, null_last: true, without: Some("permit"), ..Manner::default() },
        Manner { numbers: 1, times: 4, bytes: true, loose: true, ..Manner::default() },
    ];
    let schemas: [Value; 3] =
        std::array::from_fn(|i| if i == 0 { contract.clone() } else { manners[i].schema(&contract) });
    for (schema, id) in schemas.iter().zip(IDS) {
        fs::write(world.folder().join(format!("writer-{id}.avsc")), schema.to_string()).unwrap();
    }
    schemas.each_ref().map(Sender::exact)
}

fn configuration(ids: &[u32]) -> String {
    let lines: String = ids.iter().map(|id| format!("{id} = \"writer-{id}.avsc\"\n")).collect();
    format!("[sources.trade.avro]\n{lines}[outputs]\ncluster = \"main\"")
}

/// A record that is none any more: cut off, twice, with other bytes, of an unknown schema, with nothing but a length.
fn damaged(good: &[u8], dice: &mut Dice) -> Vec<u8> {
    let (frame, body) = good.split_at(5);
    match dice.below(5) {
        0 => good[..1 + dice.below(good.len() - 1)].to_vec(),
        1 => [good, body].concat(),
        2 => [frame, &[0xff; 9], &[0x01], body].concat(),
        3 => [&[0, 0, 0, 0, 99], body].concat(),
        _ => [frame, &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20], body].concat(), // 2^60
    }
}

/// The account and the volumes are those of the oracle, which has read the JSON.
fn is_what_the_oracle_says(world: &World, twins: &[String]) {
    let oracle = Oracle::of(twins.iter().map(String::as_str), &KNOWN);
    let (tally, total) = (oracle.tally(), committed(world.folder()));
    assert_eq!(
        (total.read, total.accepted, total.duplicate, total.rejected, total.conflict),
        (tally.read, tally.accepted, tally.duplicate, tally.rejected, tally.conflict)
    );
    let day = oracle.known_days().pop().unwrap();
    let rows = volumes(&world.folder().join("exported.parquet"));
    let mut lines: Vec<String> = rows.iter().map(|row| row.line(day)).collect();
    lines.sort();
    assert_eq!(lines, oracle.volumes(&[day], Split::default()));
}

#[test]
fn json_and_avro_of_three_writers_are_counted_as_their_json_is() {
    let mut world = World::new(Arc::new(Broker::start()), "avro", &configuration(&IDS[..2]));
    let senders = senders(&world);
    let (mut dice, mut records, mut twins, mut forgotten, mut bad) =
        (Dice::new(5), Vec::new(), Vec::new(), Vec::new(), BTreeSet::new());
    for number in 0..EVENTS {
        let line = event(number);
        let key = format!("SHIP-{number:09}");
        let by = number % 4;
        if by == 3 {
            records.push((key, line.clone().into_bytes()));
            twins.push(line);
            continue;
        }
        let good = senders[by].framed(IDS[by], &Json::read(&line).unwrap()).unwrap();
        if number % 5 == 4 {
            let damaged = damaged(&good, &mut dice);
            bad.insert(damaged.clone());
            // Between a record and its copy: neither is harmed.
            records.extend([(key.clone(), good.clone()), (key.clone(), damaged), (key, good)]);
            let of_good = if by == 2 { DAMAGED.to_owned() } else { line.clone() };
            twins.extend([of_good.clone(), DAMAGED.to_owned(), of_good]);
        } else {
            records.push((key, good));
            twins.push(if by == 2 { DAMAGED.to_owned() } else { line.clone() });
        }
        if by == 2 {
            forgotten.push(line);
        }
    }
    let topic = world.trade();
    world.produce_bytes(&topic, &records);
    world.file(&twins);
    let mut run = world.run("ingest", "run", &[]);
    let judge = world.equals();
    is_what_the_oracle_says(&world, &twins);
    assert!(judge.count("duplicate") > 200 && judge.count("rejected") > 1_000, "it compares too little");
    world.without_lag();
    run.terminate();
    world.published_equals();

    // The store and the topic keep every byte of what was not taken, and say what was wrong.
    let rejects = world.published("headwater.rejects.v1");
    assert_eq!(rejects.len() as u64, judge.count("rejected"));
    let published: BTreeSet<Vec<u8>> = rejects.iter().map(|row| bytes_of(row, "value")).collect();
    assert!(bad.is_subset(&published));
    let list = succeeds(world.folder(), &["rejects", "list", "--config", CONFIG, "--reason", "bad_avro"]);
    let list: Vec<Value> = list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(list.len(), rejects.len());
    for reject in [&list[0], &list[list.len() / 2], &list[list.len() - 1]] {
        let id = reject["id"].as_str().unwrap();
        let shown = headwater(world.folder(), &["rejects", "show", id, "--config", CONFIG], &[]);
        assert!(shown.status.success() && published.contains(&shown.stdout), "{id}");
        assert!(!reject["message"].as_str().unwrap().is_empty(), "{reject}");
    }

    // The forgotten schema is configured, and the rejects are given back: its records count now, the others never.
    world.configure(world.kafka.brokers(), "", &configuration(&IDS));
    succeeds(world.folder(), &["rejects", "replay", "--config", CONFIG, "--reason", "bad_avro"]);
    let distinct = published.len();
    let mut again = forgotten.clone();
    again.extend(vec![DAMAGED.to_owned(); distinct - forgotten.len()]);
    world.file(&again);
    let mut run = world.run("ingest", "again", &[]);
    let judge = world.equals();
    twins.extend(again);
    is_what_the_oracle_says(&world, &twins);
    assert_eq!(judge.count("accepted") as usize, EVENTS);
    run.terminate();
    world.published_equals();
}

#[test]
fn a_writer_without_its_words_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("good.avsc", &contract("seizure-event").to_string());
    write("torn.avsc", "{\"type\": ");
    write("word.avsc", "\"string\"");
    write("large.avsc", &format!("{}\"string\"", " ".repeat(300_000)));
    let mut typed = contract("trade-event");
    typed["fields"][8]["type"] =
        json!({"type": "record", "name": "I", "fields": [{"name": "hs", "type": ["null", "long"]}]});
    write("typed.avsc", &typed.to_string());
    let configure = |schemas: &str| {
        let text = "[clusters.main]\nbrokers = \"127.0.0.1:9\"\n[sources.trade]\ncluster = \"main\"\ntopic = \"t\"\n";
        write(CONFIG, &format!("{text}[sources.trade.avro]\n{schemas}"));
    };
    configure(
        "1 = \"good.avsc\"\n2 = \"nowhere.avsc\"\n3 = \"torn.avsc\"\n4 = \"word.avsc\"\n5 = \"typed.avsc\"\n6 = \"large.avsc\"\n",
    );
    let at = |name: &str| folder.path().join(name).display().to_string();
    let expected = [
        format!("headwater: sources.trade.avro.2: {}: cannot read: ", at("nowhere.avsc")),
        format!("sources.trade.avro.3: {}: it is no JSON: EOF while parsing", at("torn.avsc")),
        format!("sources.trade.avro.4: {}: it is a string, and an event is a record", at("word.avsc")),
        format!("sources.trade.avro.5: {}: the field item.hs is a long; a string", at("typed.avsc")),
        format!("sources.trade.avro.6: {}: it has more than 262144 bytes", at("large.avsc")),
    ];
    for args in [&["config", "check", "--config", CONFIG][..], &["run", "--config", CONFIG]] {
        // From elsewhere: the files lie beside the configuration.
        let elsewhere = tempfile::tempdir().unwrap();
        let config = at(CONFIG);
        let args: Vec<&str> = args.iter().map(|arg| if *arg == CONFIG { config.as_str() } else { *arg }).collect();
        let output = headwater(elsewhere.path(), &args, &[]);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {words}");
        // What it logs stands beside the words.
        let lines: Vec<&str> = words.lines().filter(|line| !line.starts_with('{')).collect();
        assert_eq!(lines.len(), expected.len(), "{words}");
        for (line, expected) in lines.iter().zip(&expected) {
            assert!(line.starts_with(expected.as_str()), "{line}\n{expected}");
        }
    }
    configure("1 = \"good.avsc\"\n");
    let shown = succeeds(folder.path(), &["config", "check", "--config", CONFIG]);
    assert!(shown.contains(&format!("[sources.trade.avro]\n1 = \"{}\"\n", at("good.avsc"))), "{shown}");
    let environment = [("HEADWATER__SOURCES__TRADE__AVRO__9", "word.avsc")];
    let output = headwater(folder.path(), &["config", "check", "--config", CONFIG], &environment);
    assert!(String::from_utf8(output.stderr).unwrap().contains("sources.trade.avro.9"));
}
