//! What the files of `docker/` say.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// One of the files, with its anchors resolved.
pub(super) struct Compose {
    pub(super) services: BTreeMap<String, Value>,
    pub(super) networks: Value,
}

impl Compose {
    pub(super) fn read(file: &str) -> Self {
        let text = fs::read_to_string(folder().join(file)).unwrap();
        let mut document: Value = serde_saphyr::from_str(&text).unwrap();
        let services = serde_json::from_value(document["services"].take()).unwrap();
        Self { services, networks: document["networks"].take() }
    }

    /// The services that run our image.
    pub(super) fn servers(&self) -> Vec<(String, Value)> {
        let ours = |service: &Value| resolved(service["image"].as_str().unwrap()) == "seat-server";
        let servers = self.services.iter().filter(|(_, service)| ours(service));
        let servers: Vec<_> = servers.map(|(name, s)| (name.clone(), s.clone())).collect();
        assert!(!servers.is_empty());
        servers
    }

    /// The flags of a Redis; those of a cluster's nodes are all the same.
    pub(super) fn redis_flags(&self) -> Vec<String> {
        let commands = self.services.values().map(|service| strings(&service["command"]));
        let mut flags =
            commands.filter(|command| command.first().is_some_and(|c| c == "redis-server"));
        flags.next().unwrap().split_off(1)
    }

    /// The services that end, after which others start.
    pub(super) fn passing(&self) -> BTreeSet<String> {
        let waited = self.services.values().flat_map(dependencies);
        waited
            .filter(|(_, how)| how == "service_completed_successfully")
            .map(|(of, _)| of)
            .collect()
    }
}

/// What a service waits for, and until when.
pub(super) fn dependencies(service: &Value) -> Vec<(String, String)> {
    let condition = |value: &Value| value["condition"].as_str().unwrap().to_owned();
    let waits = &service["depends_on"];
    match waits.as_object() {
        Some(waits) => waits.iter().map(|(of, how)| (of.clone(), condition(how))).collect(),
        None => strings(waits).into_iter().map(|of| (of, "service_started".to_owned())).collect(),
    }
}

pub(super) fn environment(service: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(service["environment"].clone()).unwrap()
}

/// What the Dockerfile sets.
pub(super) fn image_environment() -> BTreeMap<String, String> {
    let dockerfile = dockerfile();
    let line = dockerfile.lines().find_map(|line| line.strip_prefix("ENV ")).unwrap();
    let pairs = line.split_whitespace().map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A list of texts; an empty one where there is none.
pub(super) fn strings(list: &Value) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The texts of a list, or the keys of a map.
pub(super) fn names(value: &Value) -> BTreeSet<String> {
    match value.as_object() {
        Some(map) => map.keys().cloned().collect(),
        None => strings(value).into_iter().collect(),
    }
}

/// A text with what stands for variables that are not set.
pub(super) fn resolved(text: &str) -> String {
    let Some((before, rest)) = text.split_once("${") else { return text.to_owned() };
    let (variable, after) = rest.split_once('}').unwrap();
    let (_, default) = variable.split_once(":-").unwrap_or_else(|| panic!("no default: {text}"));
    format!("{before}{default}{}", resolved(after))
}

pub(super) fn dockerfile() -> String {
    fs::read_to_string(folder().join("Dockerfile")).unwrap()
}

pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docker")
}
