use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use seat_layout::UserId;
use seat_state::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::{Caller, Role};

/// A token for this user, valid until then, in whole seconds.
///
/// ```
/// use seat_http::{Role, sign_token};
/// use seat_state::Timestamp;
///
/// let secret = "at least 32 random characters".into();
/// let token = sign_token(&secret, &"ada".parse()?, Role::User, Timestamp::from_ms(1_800_000_000_000));
/// assert_eq!(token.split('.').count(), 3);
/// # Ok::<(), seat_layout::IdError>(())
/// ```
pub fn sign_token(
    secret: &SecretString,
    sub: &UserId,
    role: Role,
    expires_at: Timestamp,
) -> String {
    Tokens::new(secret).sign(sub, role, expires_at)
}

/// The keys of a secret.
pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

/// What a token says. Other claims are ignored.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    /// Seconds since 1970; fractions are allowed (RFC 7519, section 2).
    exp: Number,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<Number>,
    #[serde(default)]
    role: Role,
}

impl Tokens {
    pub(crate) fn new(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        // The time is judged by the service's clock, below, and not by an ambient one.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        // No setting names an audience: who has the secret signs for us alone.
        validation.validate_aud = false;
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
        }
    }

    /// A token for this user, valid until then, in whole seconds.
    pub(crate) fn sign(&self, sub: &UserId, role: Role, expires_at: Timestamp) -> String {
        let exp = expires_at.ms().div_euclid(1_000).into();
        let claims = Claims { sub: sub.clone(), exp, nbf: None, role };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .expect("an HS256 key signs any claims")
    }

    /// Who has this token; `None` when it is malformed, not signed with the secret and HS256,
    /// says something else than it may, or is not valid at this moment.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Option<Caller> {
        let token = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?;
        let Claims { sub, exp, nbf, role } = token.claims;
        let now_seconds = now.ms() as f64 / 1_000.0;
        let expired = exp.as_f64()? <= now_seconds;
        let early = match nbf {
            Some(nbf) => nbf.as_f64()? > now_seconds,
            None => false,
        };
        // A header that must be understood (RFC 7515, section 4.1.11) and is not.
        let critical = token.header.crit.is_some();
        (!expired && !early && !critical).then_some(Caller { user: sub, role })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

    fn secret(text: &str) -> SecretString {
        text.into()
    }

    fn signed(algorithm: Algorithm, header: &Header, claims: &Value, secret: &str) -> String {
        let header = Header { alg: algorithm, ..header.clone() };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    fn verified(claims: &Value) -> Option<Caller> {
        let token = signed(Algorithm::HS256, &Header::default(), claims, "s3cret");
        Tokens::new(&secret("s3cret")).verify(&token, NOW)
    }

    #[test]
    fn a_signed_token_is_verified_until_it_expires() {
        let (sub, until) = ("ada".parse().unwrap(), Timestamp::from_ms(1_790_000_010_000));
        let token = sign_token(&secret("s3cret"), &sub, Role::Admin, until);
        let tokens = Tokens::new(&secret("s3cret"));
        let caller = Some(Caller { user: sub, role: Role::Admin });
        assert_eq!(tokens.verify(&token, NOW), caller);
        assert_eq!(tokens.verify(&token, Timestamp::from_ms(until.ms() - 1)), caller);
        assert_eq!(tokens.verify(&token, until), None);
    }

    #[test]
    fn a_token_without_a_role_is_a_users() {
        let caller = verified(&json!({ "sub": "ada", "exp": 1_790_000_000.5 })).unwrap();
        assert_eq!((caller.user.as_str(), caller.role), ("ada", Role::User));
    }

    #[test]
    fn claims_that_are_missing_or_wrong_are_refused() {
        for claims in [
            json!({ "exp": 1_800_000_000 }),
            json!({ "sub": "ada" }),
            json!({ "sub": "", "exp": 1_800_000_000 }),
            json!({ "sub": "a:b", "exp": 1_800_000_000 }),
            json!({ "sub": 7, "exp": 1_800_000_000 }),
            json!({ "sub": "ada", "exp": "1800000000" }),
            json!({ "sub": "ada", "exp": 1_790_000_000 }),
            json!({ "sub": "ada", "exp": -1 }),
            json!({ "sub": "ada", "exp": 1_800_000_000, "role": "root" }),
            json!({ "sub": "ada", "exp": 1_800_000_000, "role": null }),
            json!({ "sub": "ada", "exp": 1_800_000_000, "nbf": 1_790_000_001 }),
        ] {
            assert_eq!(verified(&claims), None, "{claims}");
        }
        let good = json!({ "sub": "ada", "exp": 1_800_000_000, "aud": "x", "nbf": 1, "a": {} });
        assert!(verified(&good).is_some());
    }

    #[test]
    fn only_our_secret_with_hs256_signs() {
        let claims = json!({ "sub": "ada", "exp": 1_800_000_000 });
        let tokens = Tokens::new(&secret("s3cret"));
        let plain = Header::default();
        let good = signed(Algorithm::HS256, &plain, &claims, "s3cret");
        assert!(tokens.verify(&good, NOW).is_some());
        let critical = Header { crit: Some(vec!["b64".to_owned()]), ..plain.clone() };
        let payload = good.split('.').nth(1).unwrap();
        for token in [
            signed(Algorithm::HS256, &plain, &claims, "another"),
            signed(Algorithm::HS384, &plain, &claims, "s3cret"),
            signed(Algorithm::HS512, &plain, &claims, "s3cret"),
            signed(Algorithm::HS256, &critical, &claims, "s3cret"),
            // {"alg":"none","typ":"JWT"}
            format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}."),
            format!("{}x", good),
            good[..good.len() - 1].to_owned(),
            "a.b.c".to_owned(),
            String::new(),
        ] {
            assert_eq!(tokens.verify(&token, NOW), None, "{token}");
        }
    }
}
