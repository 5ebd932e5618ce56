use actix_web::{
    HttpRequest,
    http::header::{AcceptEncoding, Encoding, EntityTag, Header, IfNoneMatch},
};

/// How a body goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// As it is.
    Identity,
    /// Compressed.
    Gzip,
}

/// The coding that the client likes best; identity when its header makes no sense.
pub(crate) fn accepted(request: &HttpRequest) -> Coding {
    let supported = [Encoding::gzip(), Encoding::identity()];
    let accepted = AcceptEncoding::parse(request).ok();
    let best = accepted.and_then(|accepted| accepted.negotiate(supported.iter()));
    if best == Some(Encoding::gzip()) { Coding::Gzip } else { Coding::Identity }
}

/// Whether `If-None-Match` says that the client has what this tag names. Strong and weak tags of
/// one value are the same here (RFC 9110, section 13.1.2).
pub(crate) fn etag_matches(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|other| other.weak_eq(tag)),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn accepts(header: &str) -> Coding {
        accepted(
            &TestRequest::default().insert_header(("Accept-Encoding", header)).to_http_request(),
        )
    }

    #[test]
    fn gzip_is_taken_when_the_client_accepts_it() {
        for header in ["gzip", "gzip, deflate, br", "br;q=1, gzip;q=0.5", "GZIP;q=0.1"] {
            assert_eq!(accepts(header), Coding::Gzip, "{header}");
        }
    }

    #[test]
    fn gzip_is_not_taken_when_the_client_refuses_it_or_says_nothing() {
        for header in ["", "identity", "br", "gzip;q=0", "identity;q=1, gzip;q=0.5", "?"] {
            assert_eq!(accepts(header), Coding::Identity, "{header}");
        }
        assert_eq!(accepted(&TestRequest::default().to_http_request()), Coding::Identity);
    }

    fn matches(header: &str) -> bool {
        let request =
            TestRequest::default().insert_header(("If-None-Match", header)).to_http_request();
        etag_matches(&request, &EntityTag::new_weak("7-3".to_owned()))
    }

    #[test]
    fn a_tag_matches_alone_among_others_weak_or_strong_or_as_a_star() {
        for header in [r#"W/"7-3""#, r#""7-3""#, r#"W/"7-2", W/"7-3""#, "*"] {
            assert!(matches(header), "{header}");
        }
    }

    #[test]
    fn another_tag_or_none_does_not_match() {
        for header in [r#"W/"7-2""#, r#""7-30", "8-3""#, "7-3", ""] {
            assert!(!matches(header), "{header}");
        }
        let request = TestRequest::default().to_http_request();
        assert!(!etag_matches(&request, &EntityTag::new_weak("7-3".to_owned())));
    }
}
