//! A configuration as the TOML that says the same.

use std::fmt::{self, Display, Formatter};

use super::{
    ClaimSettings, ClientSetting, Config, KeyPlace, OnGap, Partitioner, PeopleDatabase, Source, StoreLocation,
};

/// A string as TOML writes it.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for char in self.0.chars() {
            match char {
                '"' | '\\' => write!(f, "\\{char}")?,
                '\n' => f.write_str("\\n")?,
                control if control.is_control() => write!(f, "\\u{:04x}", control as u32)?,
                other => write!(f, "{other}")?,
            }
        }
        f.write_str("\"")
    }
}

impl Display for Partitioner {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Partitioner::Any => "any",
            Partitioner::Murmur2 => "murmur2",
            Partitioner::Crc32 => "crc32",
        })
    }
}

impl Display for OnGap {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OnGap::Stop => "stop",
            OnGap::Skip => "skip",
        })
    }
}

impl Display for StoreLocation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            StoreLocation::Folder(path) => path.display().fmt(f),
            StoreLocation::Objects(url) => f.write_str(url),
        }
    }
}

impl Display for Config {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (name, cluster) in &self.clusters {
            writeln!(
                f,
                "[clusters.{name}]\nbrokers = {}\ngroup = {}",
                Quoted(&cluster.brokers),
                Quoted(&cluster.group)
            )?;
            if let Some(instance) = &cluster.instance {
                writeln!(f, "instance = {}", Quoted(instance))?;
            }
            if !cluster.client.is_empty() {
                writeln!(f, "[clusters.{name}.client]")?;
            }
            for (key, setting) in &cluster.client {
                match setting {
                    ClientSetting::Value(value) => writeln!(f, "{} = {}", Quoted(key), Quoted(value))?,
                    ClientSetting::File(path) => {
                        let key = format!("{key}_file");
                        writeln!(f, "{} = {}", Quoted(&key), Quoted(&path.to_string_lossy()))?;
                    }
                }
            }
        }
        for (name, source) in &self.sources {
            writeln!(f, "[sources.{name}]")?;
            match source {
                Source::Folder { path } => writeln!(f, "path = {}", Quoted(&path.to_string_lossy()))?,
                Source::Topic { cluster, topic, partitioner, on_gap, avro } => {
                    writeln!(f, "cluster = \"{cluster}\"\ntopic = \"{topic}\"\npartitioner = \"{partitioner}\"")?;
                    writeln!(f, "on_gap = \"{on_gap}\"")?;
                    if !avro.is_empty() {
                        writeln!(f, "[sources.{name}.avro]")?;
                    }
                    for (id, file) in avro {
                        writeln!(f, "{id} = {}", Quoted(&file.to_string_lossy()))?;
                    }
                }
            }
        }
        if let Some(cluster) = &self.outputs {
            writeln!(f, "[outputs]\ncluster = \"{cluster}\"")?;
        }
        let store = &self.store;
        writeln!(f, "[store]\nurl = {}", Quoted(&store.location.to_string()))?;
        writeln!(f, "commit_ms = {}\ncommit_bytes = {}", store.commit_ms, store.commit_bytes)?;
        writeln!(f, "ledger_bytes = {}\ncache = {}", store.ledger_bytes, Quoted(&store.cache.to_string_lossy()))?;
        writeln!(f, "fold_epochs = {}", store.fold_epochs)?;
        writeln!(f, "snapshot_rows = {}", store.snapshot_rows)?;
        match &self.people {
            PeopleDatabase::Url(url) => writeln!(f, "[people]\nurl = {}", Quoted(url))?,
            PeopleDatabase::File(path) => {
                writeln!(f, "[people]\nurl_file = {}", Quoted(&path.to_string_lossy()))?;
            }
        }
        if let Some(anchor) = &self.anchor {
            writeln!(f, "anchor = {}\nanchor_s = {}", Quoted(&anchor.file.to_string_lossy()), anchor.every_s)?;
        }
        let detect = &self.detect;
        writeln!(f, "[detect]\nidle_ms = {}\nweekly_budget = {}", detect.idle_ms, detect.weekly_budget)?;
        for (of, budgets) in [("family", &detect.budgets.family), ("market", &detect.budgets.market)] {
            if !budgets.is_empty() {
                writeln!(f, "[detect.budgets.{of}]")?;
            }
            for (name, alerts) in budgets {
                writeln!(f, "{} = {alerts}", Quoted(name))?;
            }
        }
        let auth = &self.serve.auth;
        let proxies: Vec<String> = self.serve.trusted_proxies.iter().map(ToString::to_string).collect();
        writeln!(f, "[serve]\nlisten = \"{}\"\ntrusted_proxies = \"{}\"", self.serve.listen, proxies.join(", "))?;
        if let Some(notice) = &self.serve.notice {
            writeln!(f, "notice = {}", Quoted(notice))?;
        }
        writeln!(f, "simulated = {}", self.serve.simulated)?;
        writeln!(f, "[serve.auth]\nmode = \"{}\"", auth.mode.as_str())?;
        let organisations = auth.organisations.join(", ");
        writeln!(f, "clearance = \"{}\"\norganisations = {}", auth.clearance, Quoted(&organisations))?;
        claims(f, &auth.claims)?;
        if let Some(jwt) = &auth.jwt {
            writeln!(f, "[serve.auth.jwt]\nissuer = {}", Quoted(&jwt.issuer))?;
            writeln!(f, "audience = {}\nalgorithm = \"{}\"", Quoted(&jwt.audience), jwt.algorithm)?;
            writeln!(f, "leeway_s = {}", jwt.leeway_s)?;
            match &jwt.keys {
                KeyPlace::Url(url) => writeln!(f, "keys_url = {}", Quoted(url))?,
                KeyPlace::File(path) => writeln!(f, "keys_file = {}", Quoted(&path.to_string_lossy()))?,
            }
        }
        if let Some(oidc) = &auth.oidc {
            writeln!(f, "[serve.auth.oidc]\nissuer = {}", Quoted(&oidc.issuer))?;
            writeln!(f, "client_id = {}", Quoted(&oidc.client_id))?;
            if let Some(path) = &oidc.client_secret {
                writeln!(f, "client_secret_file = {}", Quoted(&path.to_string_lossy()))?;
            }
            writeln!(f, "url = {}\nscopes = {}", Quoted(&oidc.url), Quoted(&oidc.scopes))?;
            writeln!(f, "algorithm = \"{}\"\nleeway_s = {}", oidc.algorithm, oidc.leeway_s)?;
            writeln!(f, "idle_s = {}\nlife_s = {}", oidc.idle_s, oidc.life_s)?;
        }
        writeln!(f, "[metrics]\nlisten = \"{}\"", self.metrics)
    }
}

fn claims(f: &mut Formatter<'_>, claims: &ClaimSettings) -> fmt::Result {
    writeln!(f, "[serve.auth.claims]\nroles = {}\nclearance = {}", Quoted(&claims.roles), Quoted(&claims.clearance))?;
    writeln!(f, "organisations = {}", Quoted(&claims.organisations))?;
    writeln!(f, "default_clearance = \"{}\"", claims.default_clearance)?;
    for (of, words) in [("role", &claims.role), ("label", &claims.label)] {
        if !words.is_empty() {
            writeln!(f, "[serve.auth.claims.{of}]")?;
        }
        for (word, stands_for) in words {
            writeln!(f, "{} = \"{stands_for}\"", Quoted(word))?;
        }
    }
    Ok(())
}
