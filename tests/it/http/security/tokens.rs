//! Who a token says somebody is, and who it does not.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use seat_testbed::{Answer, Client, Server, shared, small_layout, token};
use serde_json::{Value, json};

const LATE: u64 = 4_000_000_000;
const MINE: &str = "/seat-booking/my-bookings";

#[track_caller]
fn assert_unauthorized(answer: &Answer, what: &str) {
    assert_eq!((answer.status, answer.code()), (401, "unauthorized"), "{what}");
    assert_eq!(answer.header("WWW-Authenticate"), Some("Bearer"), "{what}");
}

/// A token with this header, signed with the server's secret.
fn signed(server: &Server, header: &Header, claims: &Value) -> String {
    let key = EncodingKey::from_secret(server.secret().as_bytes());
    jsonwebtoken::encode(header, claims, &key).unwrap()
}

/// Three parts in base64url without padding, as they are.
fn token_of(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    format!("{}.{}.{signature}", part(header), part(claims))
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = bytes.chunks(3).flat_map(|chunk| {
        let bits = chunk.iter().zip([16, 8, 0]).map(|(&byte, shift)| u32::from(byte) << shift);
        let bits: u32 = bits.sum();
        (0..=chunk.len()).map(move |nth| (bits >> (18 - 6 * nth)) as usize & 63)
    });
    digits.map(|digit| char::from(DIGITS[digit])).collect()
}

#[tokio::test]
async fn a_token_of_another_algorithm_is_refused_though_the_secret_is_right() {
    let server = shared().await;
    let claims = json!({ "sub": "ada", "exp": LATE, "role": "admin" });
    let good = signed(server, &Header::new(Algorithm::HS256), &claims);
    Client::with_token(server, &good).get(MINE).await.expect(200);
    let signature = good.rsplit('.').next().unwrap();
    let mut tokens = vec![
        signed(server, &Header::new(Algorithm::HS384), &claims),
        signed(server, &Header::new(Algorithm::HS512), &claims),
    ];
    // The signature of a good token under a header that says something else, or nothing to check.
    for algorithm in ["none", "None", "NONE", "nOnE", "", "RS256", "ES256", "EdDSA", "hs256"] {
        let header = json!({ "alg": algorithm, "typ": "JWT" });
        tokens.push(token_of(&header, &claims, signature));
        tokens.push(token_of(&header, &claims, ""));
    }
    // A key that the token brings along, or says where to fetch.
    for more in [
        json!({ "jwk": { "kty": "oct", "k": base64url(b"mine") } }),
        json!({ "jku": "http://127.0.0.1:1/keys" }),
        json!({ "kid": "../../../../dev/null" }),
    ] {
        let mut header = json!({ "alg": "HS256", "typ": "JWT" });
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let empty = jsonwebtoken::crypto::sign(
            token_of(&header, &claims, "").trim_end_matches('.').as_bytes(),
            &EncodingKey::from_secret(b"mine"),
            Algorithm::HS256,
        );
        tokens.push(token_of(&header, &claims, &empty.unwrap()));
    }
    for bad in tokens {
        assert_unauthorized(&Client::with_token(server, &bad).get(MINE).await, &bad);
    }
}

#[tokio::test]
async fn a_token_is_good_neither_before_its_time_nor_after_it() {
    let server = shared().await;
    for claims in [
        json!({ "sub": "ada", "exp": 0 }),
        json!({ "sub": "ada", "exp": -1 }),
        json!({ "sub": "ada", "exp": 1_700_000_000.5 }),
        json!({ "sub": "ada", "exp": LATE.to_string() }),
        json!({ "sub": "ada", "exp": null }),
        json!({ "sub": "ada", "exp": [LATE] }),
        json!({ "sub": "ada" }),
        json!({ "exp": LATE }),
        json!({ "sub": null, "exp": LATE }),
        json!({ "sub": ["ada"], "exp": LATE }),
        json!({ "sub": "ada", "exp": LATE, "nbf": LATE - 1 }),
        json!({ "sub": "ada", "exp": LATE, "nbf": "now" }),
    ] {
        let token = token(server.secret(), &claims);
        let refused = Client::with_token(server, &token).get(MINE).await;
        assert_unauthorized(&refused, &claims.to_string());
    }
    let both = json!({ "sub": "ada", "exp": LATE, "nbf": 1_000_000_000 });
    Client::with_token(server, &token(server.secret(), &both)).get(MINE).await.expect(200);
}

#[tokio::test]
async fn nobody_becomes_an_admin_by_another_word() {
    let server = shared().await;
    let layouts = "/seat-booking/layouts";
    for role in [json!("Admin"), json!("admin "), json!(["admin"]), json!(true), json!(null)] {
        let claims = json!({ "sub": "ada", "exp": LATE, "role": role });
        let client = Client::with_token(server, &token(server.secret(), &claims));
        assert_unauthorized(&client.post(layouts, small_layout()).await, &claims.to_string());
    }
    for (claim, value) in [
        ("roles", json!(["admin"])),
        ("Role", json!("admin")),
        ("isAdmin", json!(true)),
        ("scope", json!("admin")),
    ] {
        let mut claims = json!({ "sub": "ada", "exp": LATE });
        claims[claim] = value;
        let client = Client::with_token(server, &token(server.secret(), &claims));
        let refused = client.post(layouts, small_layout()).await.expect(403);
        assert_eq!(refused.code(), "forbidden", "{claims}");
    }
    // What the request says beside its token, and a user whose name is a role.
    let user = Client::user(server, "admin");
    let mut layout = small_layout();
    layout["role"] = "admin".into();
    let request = user.request(Method::POST, &format!("{layouts}?role=admin")).json(&layout);
    let request = request.header("X-Role", "admin").header("X-User-Role", "admin");
    assert_eq!(user.send(request).await.expect(403).code(), "forbidden");
}

#[tokio::test]
async fn a_token_counts_in_the_header_alone_and_one_at_a_time() {
    let server = shared().await;
    let (ada, anyone) = (Client::user(server, "ada"), Client::anyone(server));
    let token = ada.token().unwrap();
    for name in ["token", "access_token", "jwt", "authorization"] {
        assert_unauthorized(&anyone.get(&format!("{MINE}?{name}={token}")).await, name);
    }
    for (name, value) in [
        ("Cookie", format!("token={token}; Authorization=Bearer {token}")),
        ("X-Authorization", format!("Bearer {token}")),
        ("Proxy-Authorization", format!("Bearer {token}")),
        ("Authorization", token.to_owned()),
        ("Authorization", format!("Token {token}")),
        ("Authorization", format!("Bearer{token}")),
        ("Authorization", format!("Bearer {token} {token}")),
        ("Authorization", format!("Bearer {token}, Bearer {token}")),
        ("Authorization", format!("Basic {}", base64url(format!("ada:{token}").as_bytes()))),
    ] {
        let request = anyone.request(Method::GET, MINE).header(name, &value);
        assert_unauthorized(&anyone.send(request).await, &value);
    }
    // A proxy may check the one and pass on both: the second never counts.
    let request = anyone.request(Method::GET, MINE).header("Authorization", "Bearer a.b.c");
    let request = request.header("Authorization", format!("Bearer {token}"));
    assert_unauthorized(&anyone.send(request).await, "the second of two");
}

#[tokio::test]
async fn a_token_that_is_too_long_is_refused_and_no_other_waits_for_it() {
    let server = shared().await;
    let long = |length: usize| {
        let claims = json!({ "sub": "ada", "exp": LATE, "more": "x".repeat(length) });
        Client::with_token(server, &token("another secret that is long", &claims))
    };
    assert_unauthorized(&long(50_000).get(MINE).await, "50 KB");
    let request = long(200_000);
    // Beyond 128 KB the head is not read to its end: an answer, or none, and no more.
    if let Ok(answer) = request.try_send(request.request(Method::GET, MINE)).await {
        assert_eq!(answer.status, 431);
    }
    Client::user(server, "ada").get(MINE).await.expect(200);
}

#[tokio::test]
async fn a_server_that_sells_real_seats_gives_no_token_to_anybody() {
    let server = shared().await;
    for client in [Client::anyone(server), Client::admin(server)] {
        let path = "/seat-booking/demo/token";
        let refused = client.post(path, json!({ "role": "admin" })).await.expect(404);
        assert_eq!(refused.code(), "not_found");
    }
    let openapi = Client::anyone(server).get("/openapi.json").await.expect(200);
    assert!(!openapi.body.to_string().contains("demo/token"));
}
