//! The image and the compose files, as far as they can be tried without Docker.

mod files;

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use seat_testbed::{Redis, Server, executable, shared_cluster, shared_mongo};
use serde_json::Value;
use tokio::task::spawn_blocking;

use self::files::{
    Compose, dependencies, dockerfile, environment, folder, image_environment, names, resolved,
    strings,
};

const FILES: [&str; 2] = ["compose.yaml", "compose.cluster.yaml"];
const CLUSTER: &str = "compose.cluster.yaml";

#[tokio::test]
async fn the_settings_of_every_server_pass_its_own_check() {
    let (cluster, mongo) = (shared_cluster().await, shared_mongo().await);
    for file in FILES {
        let compose = Compose::read(file);
        // The first node takes its flags, also where it waits for the others of its cluster.
        let flags = compose.redis_flags();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let redis = Redis::start_with(&flags).await;
        for (name, server) in compose.servers() {
            let mut variables = image_environment();
            variables.extend(environment(&server));
            variables.insert("JWT_SECRET".to_owned(), "a secret of the operator's".to_owned());
            // The stores are others here; what the files say of theirs has tests of its own.
            let url = match variables["REDIS_URL"].starts_with("redis-cluster://") {
                true => cluster.url(),
                false => variables["REDIS_URL"].replace("redis:6379", &redis.address()),
            };
            variables.insert("REDIS_URL".to_owned(), url);
            let (_, database) = variables["MONGODB_URI"].rsplit_once('/').unwrap();
            let (database, _) = database.split_once('?').unwrap();
            variables.insert("MONGODB_URI".to_owned(), mongo.uri(database));

            let mut command = Command::new(executable("seat-server", "SEAT_SERVER"));
            command.args(strings(&server["command"])).arg("--check");
            command.env_clear().envs(variables).current_dir(folder());
            let output = spawn_blocking(move || command.output()).await.unwrap().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            let error = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{name} in {file}: {said}{error}");
            assert!(said.contains("Redis and MongoDB, ready"), "{name} in {file}: {said}");
            assert!(said.contains("0.0.0.0:3000"), "{name} in {file}: {said}");
        }
    }
}

#[test]
fn every_variable_of_the_containers_is_one_that_the_server_knows() {
    let help = help();
    let known = |name: &str| help.contains(&format!("[env: {name}"));
    for name in image_environment().keys() {
        assert!(known(name), "the Dockerfile sets {name}");
    }
    for file in FILES {
        for (service, server) in Compose::read(file).servers() {
            for name in environment(&server).keys() {
                assert!(known(name), "{service} in {file} sets {name}");
            }
        }
    }
}

#[test]
fn every_service_that_stays_says_whether_it_is_well() {
    for file in FILES {
        let compose = Compose::read(file);
        let passing = compose.passing();
        for (name, service) in &compose.services {
            let checked = service["healthcheck"]["test"].as_array().is_some();
            assert_ne!(checked, passing.contains(name), "{name} in {file}");
        }
        for (name, server) in compose.servers() {
            let test = strings(&server["healthcheck"]["test"]);
            assert_eq!(test, ["CMD", "probe", "/readyz"], "{name} in {file}");
        }
    }
    assert!(dockerfile().contains(r#"CMD ["probe", "/livez"]"#));
}

#[test]
fn the_image_runs_as_a_numbered_user_who_is_not_root() {
    let dockerfile = dockerfile();
    let user = dockerfile.lines().filter_map(|line| line.strip_prefix("USER ")).next_back();
    let (user, group) = user.unwrap().split_once(':').unwrap();
    assert!(user.parse::<u32>().unwrap() > 0 && group.parse::<u32>().unwrap() > 0);
}

#[test]
fn what_services_wait_for_is_there() {
    for file in FILES {
        let compose = Compose::read(file);
        for (name, service) in &compose.services {
            for (other, condition) in dependencies(service) {
                let other = compose.services.get(&other).unwrap_or_else(|| panic!("no {other}"));
                let healthy = condition == "service_healthy";
                assert!(!healthy || other["healthcheck"].is_object(), "{name} in {file}");
            }
        }
    }
}

#[test]
fn only_the_front_is_reached_from_outside_and_by_default_from_this_machine() {
    for (file, front) in [("compose.yaml", "server"), (CLUSTER, "nginx")] {
        let compose = Compose::read(file);
        for (name, service) in &compose.services {
            let published = service["ports"].as_array().map(Vec::len);
            assert_eq!(published, (name == front).then_some(1), "{name} in {file}");
        }
        let port = compose.services[front]["ports"][0].as_str().unwrap();
        assert!(resolved(port).starts_with("127.0.0.1:"), "{port}");
        for (name, service) in &compose.services {
            let inside = names(&service["networks"]).contains("stores");
            assert_eq!(inside, name != "nginx", "{name} in {file}");
        }
        assert_eq!(compose.networks["stores"]["internal"], true);
    }
}

#[test]
fn nginx_has_every_server_behind_it_and_is_the_proxy_they_believe() {
    let compose = Compose::read(CLUSTER);
    let conf = fs::read_to_string(folder().join("nginx.conf")).unwrap();
    let upstreams = conf.lines().filter_map(|line| line.trim().strip_prefix("server "));
    let upstreams: BTreeSet<&str> =
        upstreams.filter_map(|line| line.split_whitespace().next()).filter(|s| *s != "{").collect();
    let listen = image_environment()["SEAT_BIND"].clone();
    let (_, port) = listen.rsplit_once(':').unwrap();
    let servers: BTreeSet<String> =
        compose.servers().iter().map(|(name, _)| format!("{name}:{port}")).collect();
    assert_eq!(upstreams, servers.iter().map(String::as_str).collect());
    assert!(servers.len() > 1);

    let nginx = &compose.services["nginx"]["networks"]["edge"]["ipv4_address"];
    for (name, server) in compose.servers() {
        assert_eq!(environment(&server)["SEAT_TRUSTED_PROXIES"], nginx.as_str().unwrap(), "{name}");
    }
}

#[test]
fn a_cluster_is_made_of_all_its_nodes_and_every_server_is_told_of_them() {
    let compose = Compose::read(CLUSTER);
    let redis = |name: &str| name.starts_with("redis-") && name != "redis-cluster";
    let nodes: Vec<_> = compose.services.iter().filter(|(name, _)| redis(name)).collect();
    let addresses = nodes.iter().map(|(_, node)| {
        format!("{}:6379", node["networks"]["stores"]["ipv4_address"].as_str().unwrap())
    });
    let made_of = strings(&compose.services["redis-cluster"]["command"]);
    assert_eq!(made_of[2..], addresses.collect::<Vec<_>>());
    let seeds: Vec<String> = nodes.iter().map(|(name, _)| format!("{name}:6379")).collect();
    let url = format!("redis-cluster://{}?node={}", seeds[0], seeds[1..].join("&node="));
    for (name, server) in compose.servers() {
        assert_eq!(environment(&server)["REDIS_URL"], url, "{name}");
    }
}

#[test]
fn a_replica_set_is_made_of_all_its_members_and_every_server_is_told_of_them() {
    for file in FILES {
        let compose = Compose::read(file);
        let runs = |service: &Value| {
            strings(&service["command"]).first().map(String::as_str) == Some("mongod")
        };
        let members: Vec<_> = compose.services.iter().filter(|(_, s)| runs(s)).collect();
        let hosts: Vec<String> = members.iter().map(|(name, _)| format!("{name}:27017")).collect();
        let set = environment(&compose.services["mongo-replica-set"]);
        assert_eq!(set["REPLICA_SET_MEMBERS"], hosts.join(","), "{file}");
        for (name, member) in members {
            let flags = strings(&member["command"]).join(" ");
            assert!(flags.contains("--replSet rs0 "), "{name} in {file}");
        }
        let uri = format!("mongodb://{}/artistic?replicaSet=rs0", hosts.join(","));
        for (name, server) in compose.servers() {
            assert_eq!(environment(&server)["MONGODB_URI"], uri, "{name} in {file}");
        }
    }
}

#[tokio::test]
async fn the_probe_tells_a_server_that_answers_from_one_that_does_not() {
    let mut server = Server::start(&[]).await;
    let address = server.url().replace("http://", "");
    assert!(probe(&address, "/livez").await);
    assert!(probe(&address, "/readyz").await);
    assert!(!probe(&address, "/nothing-here").await);
    server.stop().await;
    assert!(!probe(&address, "/livez").await);
}

#[tokio::test]
async fn making_a_cluster_again_changes_nothing() {
    let url = shared_cluster().await.url();
    let nodes = url.trim_start_matches("redis-cluster://").replace("node=", "");
    let output = run(move |command| {
        command.arg(folder().join("redis-cluster-init")).args(nodes.split(['?', '&']));
    });
    let output = output.await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said, "the cluster works\n");
}

fn help() -> String {
    let program = executable("seat-server", "SEAT_SERVER");
    let output = Command::new(program).arg("--help").env_clear().output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Whether the probe finds a server that answers 200, at this address by the server's own setting.
async fn probe(address: &str, path: &'static str) -> bool {
    let address = address.to_owned();
    let output = run(move |command| {
        command.arg(folder().join("probe")).arg(path).env("SEAT_BIND", address);
    });
    output.await.status.success()
}

/// Runs one of our scripts, which find redis-cli where the tests do.
async fn run(arguments: impl FnOnce(&mut Command) + Send + 'static) -> Output {
    let path = env::var_os("PATH").unwrap_or_default();
    let cli = env::var_os("SEAT_REDIS_CLI").map(PathBuf::from);
    let folders = cli.iter().filter_map(|cli| cli.parent().map(Path::to_owned));
    let path = env::join_paths(folders.chain(env::split_paths(&path))).unwrap();
    let run = spawn_blocking(move || {
        let mut command = Command::new("bash");
        arguments(&mut command);
        command.env("PATH", path).output()
    });
    run.await.unwrap().unwrap()
}
