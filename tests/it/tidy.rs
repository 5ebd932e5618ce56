//! The rules of the architecture, as `cargo metadata` and the sources show them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Which of our crates each of our crates may see, tests included. An arrow more is a change of the
/// design; an adapter sees no other adapter, and `seat-http` sees none at all.
const ARROWS: &[(&str, &[&str])] = &[
    ("seat-layout", &[]),
    ("seat-state", &["seat-layout"]),
    ("seat-history", &[]),
    ("seat-booking", &["seat-layout", "seat-state"]),
    ("seat-mongo", &["seat-booking", "seat-layout", "seat-state"]),
    ("seat-redb", &["seat-booking", "seat-layout", "seat-state"]),
    ("seat-redis", &["seat-booking", "seat-layout", "seat-state"]),
    ("seat-http", &["seat-booking", "seat-layout", "seat-state"]),
    (
        "seat-server",
        &[
            "seat-booking",
            "seat-http",
            "seat-layout",
            "seat-mongo",
            "seat-redb",
            "seat-redis",
            "seat-state",
        ],
    ),
    ("seat-load", &["seat-history", "seat-layout"]),
    (
        "seat-testbed",
        &[
            "seat-booking",
            "seat-http",
            "seat-layout",
            "seat-mongo",
            "seat-redb",
            "seat-redis",
            "seat-state",
        ],
    ),
    (
        "seat-tests",
        &[
            "seat-booking",
            "seat-history",
            "seat-http",
            "seat-layout",
            "seat-mongo",
            "seat-redb",
            "seat-redis",
            "seat-state",
            "seat-testbed",
        ],
    ),
];

/// The crates that a service without HTTP embeds.
const BELOW_HTTP: &[&str] =
    &["seat-layout", "seat-state", "seat-booking", "seat-mongo", "seat-redb", "seat-redis"];

/// The crates that are plain values and functions.
const MODELS: &[&str] = &["seat-layout", "seat-state"];

/// The packages that the product is to be built on.
const PRESCRIBED: &[&str] = &[
    "actix-web",
    "async-trait",
    "fred",
    "jsonwebtoken",
    "mockall",
    "mongodb",
    "serde",
    "thiserror",
    "tokio",
    "validator",
];

const TOP_LEVEL: &[&str] = &["Cargo.toml", "README.md", "bins", "crates", "docs", "tests"];
const TOP_LEVEL_OPTIONAL: &[&str] =
    &["CHANGELOG.md", "Cargo.lock", "LICENSE", "data", "docker", "lua", "target"];

#[test]
fn arrows_between_our_crates_are_the_designed_ones() {
    let workspace = Workspace::load();
    let ours: BTreeSet<&str> = workspace.members.keys().map(String::as_str).collect();
    let members = workspace.members.values();
    let arrows: BTreeMap<&str, BTreeSet<&str>> = members
        .map(|m| (m.name(), m.dependencies().filter(|name| ours.contains(name)).collect()))
        .collect();
    let designed = ARROWS.iter().map(|&(from, to)| (from, to.iter().copied().collect())).collect();
    assert_eq!(arrows, designed);
}

#[test]
fn nothing_below_seat_http_depends_on_actix() {
    let workspace = Workspace::load();
    for name in BELOW_HTTP {
        let actix = workspace.reachable(name, |package| package.starts_with("actix"));
        assert!(actix.is_empty(), "{name} depends on {actix:?}");
    }
    assert!(
        !workspace.reachable("seat-http", |package| package == "actix-web").is_empty(),
        "the walk over the dependencies finds nothing"
    );
}

#[test]
fn the_models_depend_on_no_runtime_and_nothing_async() {
    let workspace = Workspace::load();
    let runtime = |package: &str| {
        ["async", "futures", "mio", "tokio"].iter().any(|prefix| package.starts_with(prefix))
    };
    for name in MODELS {
        let found = workspace.reachable(name, runtime);
        assert!(found.is_empty(), "{name} depends on {found:?}");
    }
}

#[test]
fn the_models_do_no_io() {
    let workspace = Workspace::load();
    for name in MODELS {
        for path in ["async fn", "std::fs", "std::io", "std::net", "std::process", "std::thread"] {
            workspace.members[*name].assert_without(path);
        }
    }
}

#[test]
fn the_protocol_starts_no_task_and_no_thread() {
    let workspace = Workspace::load();
    let protocol = workspace.members["seat-booking"].sources_under("src/service");
    assert!(!protocol.is_empty());
    for (path, source) in protocol {
        for word in ["spawn", "spawn_blocking", "block_on"] {
            assert!(!has_word(&source, word), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn a_driver_is_known_to_its_adapter_alone() {
    let workspace = Workspace::load();
    let users = |driver| workspace.direct_users(driver).collect::<Vec<_>>();
    assert_eq!(users("redb"), ["seat-redb"]);
    assert_eq!(users("fred"), ["seat-redis"]);
    // The tests look at the database as its operator does.
    assert_eq!(users("mongodb"), ["seat-mongo", "seat-testbed", "seat-tests"]);
}

#[test]
fn an_http_status_is_known_to_seat_http_alone() {
    let workspace = Workspace::load();
    // The tests are clients: they look at statuses. So does the load generator, but by number.
    let others = workspace
        .members
        .values()
        .filter(|m| !["seat-http", "seat-testbed", "seat-tests"].contains(&m.name()));
    for member in others {
        member.assert_without("StatusCode");
        member.assert_without("http::");
    }
}

#[test]
fn folder_package_and_import_have_one_name() {
    let workspace = Workspace::load();
    for member in workspace.members.values() {
        let folder = member.folder.file_name().and_then(|name| name.to_str());
        if member.name() == "seat-tests" {
            // Its place at the top is prescribed, where `tests` says enough.
            assert_eq!(folder, Some("tests"));
            // Its programs are the tests' own.
            continue;
        }
        assert_eq!(folder, Some(member.name()));
        // The testbed's programs are servers that fail on purpose.
        let kinds: &[&str] =
            if member.name() == "seat-testbed" { &["lib"] } else { &["lib", "bin"] };
        for target in member.targets(kinds) {
            assert_eq!(target["name"].as_str().unwrap().replace('_', "-"), member.name());
        }
    }
}

#[test]
fn every_crate_says_what_it_is_for() {
    let workspace = Workspace::load();
    for member in workspace.members.values() {
        for target in member.targets(&["lib", "bin"]) {
            let root = fs::read_to_string(target["src_path"].as_str().unwrap()).unwrap();
            let doc = match root.strip_prefix("#![doc = include_str!(\"../README.md\")]") {
                Some(_) => fs::read_to_string(member.folder.join("README.md")).unwrap(),
                None => {
                    let lines = root.lines().map_while(|line| line.strip_prefix("//!"));
                    lines.collect::<Vec<_>>().join("\n")
                }
            };
            let prose = doc.lines().find(|line| !line.is_empty() && !line.starts_with('#'));
            assert!(prose.is_some(), "{} has no crate doc", member.name());
        }
    }
}

#[test]
fn every_prescribed_package_is_used() {
    let workspace = Workspace::load();
    for package in PRESCRIBED {
        let import = package.replace('-', "_");
        let used = workspace.direct_users(package).any(|user| {
            let sources = workspace.members[user].sources();
            sources.iter().any(|(_, source)| has_word(source, &import))
        });
        assert!(used, "no crate that depends on {package} names {import}");
    }
}

#[test]
fn the_top_level_holds_what_it_should() {
    let entries: BTreeSet<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    for required in TOP_LEVEL {
        assert!(entries.contains(*required), "{required} is missing");
    }
    let known = |name: &str| TOP_LEVEL.contains(&name) || TOP_LEVEL_OPTIONAL.contains(&name);
    let strangers: Vec<_> = entries.iter().filter(|name| !known(name)).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn a_word_is_found_whole() {
    assert!(has_word("use actix_web::http::header;", "http::"));
    assert!(!has_word("use seat_http::app;", "http::"));
    assert!(has_word("tokio::spawn(round)", "spawn"));
    assert!(!has_word("tokio::spawn_local(round)", "spawn"));
}

/// What cargo says of our packages and of all that they depend on.
struct Workspace {
    /// By name.
    members: BTreeMap<String, Member>,
    /// The name of each package, ours or not, by its id.
    names: HashMap<String, String>,
    /// The ids of what each package needs to be built, its own tests and build scripts aside.
    needs: HashMap<String, Vec<String>>,
}

struct Member {
    package: Value,
    folder: PathBuf,
}

impl Workspace {
    fn load() -> Self {
        let metadata = metadata();
        let list = |value: &Value| value.as_array().cloned().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let packages = list(&metadata["packages"]);
        let is_member = |package: &&Value| {
            metadata["workspace_members"].as_array().unwrap().contains(&package["id"])
        };
        let members = packages.iter().filter(is_member).map(|package| {
            let manifest = PathBuf::from(text(&package["manifest_path"]));
            let folder = manifest.parent().unwrap().to_owned();
            (text(&package["name"]), Member { package: package.clone(), folder })
        });
        let needs = list(&metadata["resolve"]["nodes"]).into_iter().map(|node| {
            let normal = |need: &&Value| {
                need["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null())
            };
            let needs = node["deps"].as_array().unwrap().iter().filter(normal);
            (text(&node["id"]), needs.map(|need| text(&need["pkg"])).collect())
        });
        Self {
            members: members.collect(),
            names: packages.iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect(),
            needs: needs.collect(),
        }
    }

    /// The names of the packages with that property among all that a member needs.
    fn reachable(&self, member: &str, property: impl Fn(&str) -> bool) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut ahead = vec![self.members[member].package["id"].as_str().unwrap()];
        while let Some(id) = ahead.pop() {
            if seen.insert(id) {
                ahead.extend(self.needs[id].iter().map(String::as_str));
            }
        }
        seen.into_iter().map(|id| self.names[id].as_str()).filter(|name| property(name)).collect()
    }

    /// The members that name a package in their manifests.
    fn direct_users<'a>(&'a self, package: &'a str) -> impl Iterator<Item = &'a str> {
        let users = self.members.values().filter(move |m| m.dependencies().any(|d| d == package));
        users.map(Member::name)
    }
}

impl Member {
    fn name(&self) -> &str {
        self.package["name"].as_str().unwrap()
    }

    /// What its manifest names, for whatever purpose.
    fn dependencies(&self) -> impl Iterator<Item = &str> {
        self.package["dependencies"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap())
    }

    fn targets(&self, kinds: &[&str]) -> impl Iterator<Item = &Value> {
        self.package["targets"].as_array().unwrap().iter().filter(move |target| {
            let of_target = target["kind"].as_array().unwrap();
            of_target.iter().any(|kind| kinds.contains(&kind.as_str().unwrap()))
        })
    }

    fn sources(&self) -> Vec<(PathBuf, String)> {
        self.sources_under(".")
    }

    fn sources_under(&self, folder: &str) -> Vec<(PathBuf, String)> {
        let mut sources = Vec::new();
        let mut ahead = vec![self.folder.join(folder)];
        while let Some(folder) = ahead.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    ahead.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let source = fs::read_to_string(&path).unwrap();
                    sources.push((path, source));
                }
            }
        }
        sources
    }

    /// Panics when a source names this, as a whole word or path.
    fn assert_without(&self, word: &str) {
        let sources = self.sources_under("src");
        assert!(!sources.is_empty(), "{} has no sources", self.name());
        for (path, source) in sources {
            assert!(!has_word(&source, word), "{} names {word}", path.display());
        }
    }
}

/// Whether a text has this word, and not only as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        let whole = !word.ends_with(part) || !after.starts_with(part);
        whole && !before.ends_with(part)
    })
}

/// For the platform of this machine: the packages of others need not be there.
fn metadata() -> Value {
    let version = cargo(&["--version", "--verbose"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = cargo(&["metadata", "--format-version", "1", "--filter-platform", host]);
    serde_json::from_str(&metadata).unwrap()
}

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
