use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong, in a word for programs. A word never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    InvalidRequest,
    UnknownSeats,
    DuplicateSeats,
    Unauthorized,
    Forbidden,
    NotFound,
    EventNotFound,
    LayoutNotFound,
    TableNotFound,
    BookingNotFound,
    MethodNotAllowed,
    SeatsUnavailable,
    NotHeld,
    InvalidState,
    PayloadTooLarge,
    UnsupportedMediaType,
    IdempotencyMismatch,
    HoldLimit,
    RateLimited,
    Internal,
    Unavailable,
}

impl Code {
    /// The word, the status it is answered with, and what it says to people.
    const fn row(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::InvalidRequest => ("invalid_request", S::BAD_REQUEST, "Invalid request"),
            Self::UnknownSeats => ("unknown_seats", S::BAD_REQUEST, "Unknown seats"),
            Self::DuplicateSeats => ("duplicate_seats", S::BAD_REQUEST, "Duplicate seats"),
            Self::Unauthorized => ("unauthorized", S::UNAUTHORIZED, "Unauthorized"),
            Self::Forbidden => ("forbidden", S::FORBIDDEN, "Forbidden"),
            Self::NotFound => ("not_found", S::NOT_FOUND, "Not found"),
            Self::EventNotFound => ("event_not_found", S::NOT_FOUND, "Event not found"),
            Self::LayoutNotFound => ("layout_not_found", S::NOT_FOUND, "Layout not found"),
            Self::TableNotFound => ("table_not_found", S::NOT_FOUND, "Table not found"),
            Self::BookingNotFound => ("booking_not_found", S::NOT_FOUND, "Booking not found"),
            Self::MethodNotAllowed => {
                ("method_not_allowed", S::METHOD_NOT_ALLOWED, "Method not allowed")
            }
            Self::SeatsUnavailable => ("seats_unavailable", S::CONFLICT, "Seats unavailable"),
            Self::NotHeld => ("not_held", S::CONFLICT, "Seats not held"),
            Self::InvalidState => ("invalid_state", S::CONFLICT, "Invalid state"),
            Self::PayloadTooLarge => {
                ("payload_too_large", S::PAYLOAD_TOO_LARGE, "Payload too large")
            }
            Self::UnsupportedMediaType => {
                ("unsupported_media_type", S::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type")
            }
            Self::IdempotencyMismatch => {
                ("idempotency_mismatch", S::UNPROCESSABLE_ENTITY, "Idempotency key mismatch")
            }
            Self::HoldLimit => ("hold_limit", S::UNPROCESSABLE_ENTITY, "Hold limit reached"),
            Self::RateLimited => ("rate_limited", S::TOO_MANY_REQUESTS, "Too many requests"),
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "Internal error"),
            Self::Unavailable => ("unavailable", S::SERVICE_UNAVAILABLE, "Unavailable"),
        }
    }

    /// The word as it stands in the body.
    pub(crate) const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The status that it is always answered with.
    pub(crate) const fn status(self) -> StatusCode {
        self.row().1
    }

    /// A few words for people, the same for every problem of this code.
    pub(crate) const fn title(self) -> &'static str {
        self.row().2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract's table.
    const CONTRACT: [(Code, &str, u16); 21] = [
        (Code::InvalidRequest, "invalid_request", 400),
        (Code::UnknownSeats, "unknown_seats", 400),
        (Code::DuplicateSeats, "duplicate_seats", 400),
        (Code::Unauthorized, "unauthorized", 401),
        (Code::Forbidden, "forbidden", 403),
        (Code::NotFound, "not_found", 404),
        (Code::EventNotFound, "event_not_found", 404),
        (Code::LayoutNotFound, "layout_not_found", 404),
        (Code::TableNotFound, "table_not_found", 404),
        (Code::BookingNotFound, "booking_not_found", 404),
        (Code::MethodNotAllowed, "method_not_allowed", 405),
        (Code::SeatsUnavailable, "seats_unavailable", 409),
        (Code::NotHeld, "not_held", 409),
        (Code::InvalidState, "invalid_state", 409),
        (Code::PayloadTooLarge, "payload_too_large", 413),
        (Code::UnsupportedMediaType, "unsupported_media_type", 415),
        (Code::IdempotencyMismatch, "idempotency_mismatch", 422),
        (Code::HoldLimit, "hold_limit", 422),
        (Code::RateLimited, "rate_limited", 429),
        (Code::Internal, "internal", 500),
        (Code::Unavailable, "unavailable", 503),
    ];

    #[test]
    fn every_code_has_the_word_and_the_status_of_the_contract() {
        for (code, word, status) in CONTRACT {
            assert_eq!((code.as_str(), code.status().as_u16()), (word, status));
            assert_eq!(serde_json::to_value(code).unwrap(), word);
            assert!(!code.title().is_empty());
        }
    }
}
