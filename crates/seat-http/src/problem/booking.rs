use std::{sync::Arc, time::Duration};

use seat_booking::BookingError;

use super::{Code, Problem};

/// The one place where an error of the service becomes a status.
impl From<BookingError> for Problem {
    fn from(error: BookingError) -> Self {
        let detail = error.to_string();
        match error {
            BookingError::EventNotFound => Self::new(Code::EventNotFound, detail),
            BookingError::LayoutNotFound => Self::new(Code::LayoutNotFound, detail),
            BookingError::TableNotFound(_) => Self::new(Code::TableNotFound, detail),
            BookingError::BookingNotFound => Self::new(Code::BookingNotFound, detail),
            BookingError::UnknownSeats(seats) => Self::new(Code::UnknownSeats, detail)
                .with(|document| document.unknown_seats = Some(seats)),
            BookingError::DuplicateSeats(seats) => Self::new(Code::DuplicateSeats, detail)
                .with(|document| document.duplicate_seats = Some(seats)),
            BookingError::NoSeats | BookingError::TooManySeats { .. } => {
                Self::invalid("seatIds", detail)
            }
            BookingError::HoldDuration { min, max } => Self::invalid(
                "holdDurationMinutes",
                format!("must be from {} to {}", minutes(min), minutes(max)),
            ),
            BookingError::AmountMismatch => Self::invalid("amount", detail),
            BookingError::SeatsUnavailable { seats, tables } => {
                Self::new(Code::SeatsUnavailable, detail).with(|document| {
                    document.conflicting_seats = Some(seats);
                    document.conflicting_tables = (!tables.is_empty()).then_some(tables);
                })
            }
            BookingError::NotHeld(seats) => Self::new(Code::NotHeld, detail)
                .with(|document| document.missing_seats = Some(seats)),
            BookingError::HoldLimit { limit } => {
                Self::new(Code::HoldLimit, detail).with(|document| document.limit = Some(limit))
            }
            BookingError::InvalidState { .. } => Self::new(Code::InvalidState, detail),
            BookingError::IdempotencyMismatch => Self::new(Code::IdempotencyMismatch, detail),
            BookingError::Unavailable(source) => {
                let problem = Self::unavailable();
                match source {
                    Some(source) => problem.caused_by(Arc::new(source)),
                    None => problem,
                }
            }
        }
    }
}

/// Minutes with at most three decimals: these are bounds to be read by a person.
fn minutes(duration: Duration) -> f64 {
    (duration.as_secs_f64() / 60.0 * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use seat_booking::{
        StoreError,
        ports::{BackendError, LockError},
    };
    use seat_layout::SeatId;

    use super::*;

    fn seats(ids: &[&str]) -> Vec<SeatId> {
        ids.iter().map(|id| id.parse().unwrap()).collect()
    }

    fn document(error: BookingError) -> serde_json::Value {
        serde_json::to_value(Problem::from(error).document("r-1")).unwrap()
    }

    #[test]
    fn a_conflict_lists_the_seats_and_tables_in_the_way() {
        let seats = seats(&["A-1", "A-2"]);
        let body =
            document(BookingError::SeatsUnavailable { seats: seats.clone(), tables: vec![] });
        assert_eq!(body["conflictingSeats"], serde_json::json!(["A-1", "A-2"]));
        assert_eq!((&body["success"], &body["status"]), (&false.into(), &409.into()));
        assert!(body.get("conflictingTables").is_none());
        let tables = vec!["T1".parse().unwrap()];
        let body = document(BookingError::SeatsUnavailable { seats: vec![], tables });
        assert_eq!(body["conflictingTables"], serde_json::json!(["T1"]));
    }

    #[test]
    fn a_refused_form_names_its_field() {
        let (min, max) = (Duration::from_secs(60), Duration::from_secs(7_200));
        let body = document(BookingError::HoldDuration { min, max });
        assert_eq!(body["code"], "invalid_request");
        assert_eq!(
            body["errors"],
            serde_json::json!([{ "field": "holdDurationMinutes", "message": "must be from 1 to 120" }])
        );
    }

    #[test]
    fn a_failing_store_is_logged_but_not_shown() {
        let backend = BackendError::new("redis", "hold", "10.0.0.7:6379 refused");
        let error = BookingError::Unavailable(Some(StoreError::Locks(LockError::Unknown(backend))));
        let problem = Problem::from(error);
        let body = serde_json::to_string(&problem.document("r-1")).unwrap();
        assert!(!body.contains("10.0.0.7") && !body.contains("redis"), "{body}");
        assert!(problem.source().is_some());
    }
}
