//! Errors of serde and validator as places and messages.

use serde_json::Value;
use serde_path_to_error::Path;
use validator::{ValidationError, ValidationErrors, ValidationErrorsKind};

use crate::problem::FieldError;

/// How many characters one message has at the most.
const MESSAGE_MAX: usize = 200;

/// What serde says about the value at this path.
pub(super) fn of_serde(path: &Path, error: &impl ToString) -> FieldError {
    let text = error.to_string();
    // serde_json adds where in the text it stood, which nobody counts out.
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let path = match path.to_string() {
        root if root == "." => String::new(),
        path => path,
    };
    // These two errors are the object's; what is wanted is the field that they name.
    for (prefix, meaning) in
        [("missing field `", "is required"), ("duplicate field `", "is given more than once")]
    {
        if let Some(name) = message.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('`')) {
            return FieldError { field: joined(&path, name), message: meaning.to_owned() };
        }
    }
    let field = if path.is_empty() { "body".to_owned() } else { path };
    // serde quotes what it met, and that may be the whole body.
    FieldError { field, message: message.chars().take(MESSAGE_MAX).collect() }
}

/// What validator says, flat and in the order of the fields' names.
pub(super) fn of_validator(errors: &ValidationErrors) -> Vec<FieldError> {
    let mut fields = Vec::new();
    collect(errors, "", &mut fields);
    fields.sort_by(|a, b| a.field.cmp(&b.field));
    fields
}

fn collect(errors: &ValidationErrors, path: &str, fields: &mut Vec<FieldError>) {
    for (name, kind) in errors.errors() {
        // `__all__` is how validator calls a rule about the whole struct.
        let path = match name.as_ref() {
            "__all__" if path.is_empty() => "body".to_owned(),
            "__all__" => path.to_owned(),
            name => joined(path, &camel_case(name)),
        };
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(inner, &path, fields),
            ValidationErrorsKind::List(entries) => {
                for (index, inner) in entries {
                    collect(inner, &format!("{path}[{index}]"), fields);
                }
            }
            ValidationErrorsKind::Field(errors) => fields.extend(
                errors.iter().map(|e| FieldError { field: path.clone(), message: message(e) }),
            ),
        }
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// validator knows the name of the struct's field, the client that of the JSON.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// The rule's own message or, for a rule without one, what its bounds are.
fn message(error: &ValidationError) -> String {
    if let Some(message) = &error.message {
        return message.clone().into_owned();
    }
    let bound = |name: &str| error.params.get(name).map(Value::to_string);
    match (error.code.as_ref(), bound("min"), bound("max")) {
        ("length", Some(min), Some(max)) => format!("must have {min} to {max} entries"),
        ("length", Some(min), None) => format!("must have at least {min} entries"),
        ("length", None, Some(max)) => format!("must have at most {max} entries"),
        ("range", Some(min), Some(max)) => format!("must be from {min} to {max}"),
        ("range", Some(min), None) => format!("must be at least {min}"),
        ("range", None, Some(max)) => format!("must be at most {max}"),
        ("email", ..) => "must be an e-mail address".to_owned(),
        ("required", ..) => "is required".to_owned(),
        (code, ..) => format!("does not meet the rule `{code}`"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use validator::Validate;

    use super::*;

    #[derive(Debug, Deserialize, Validate)]
    #[serde(rename_all = "camelCase")]
    struct Order {
        #[validate(length(min = 1, max = 2))]
        seat_ids: Vec<String>,
        #[validate(nested)]
        contact_info: Contact,
        #[validate(nested)]
        #[serde(default)]
        guests: Vec<Contact>,
    }

    #[derive(Debug, Deserialize, Validate)]
    struct Contact {
        #[validate(email)]
        email: String,
    }

    fn serde_error(text: &str) -> (String, String) {
        let mut json = serde_json::Deserializer::from_str(text);
        let error = serde_path_to_error::deserialize::<_, Order>(&mut json).unwrap_err();
        let error = of_serde(error.path(), error.inner());
        (error.field, error.message)
    }

    #[test]
    fn a_wrong_type_is_named_by_its_place() {
        let (field, message) = serde_error(r#"{"seatIds":["a",5]}"#);
        assert_eq!(
            (field.as_str(), message.as_str()),
            ("seatIds[1]", "invalid type: integer `5`, expected a string")
        );
    }

    #[test]
    fn a_message_does_not_repeat_a_long_value() {
        let (_, message) = serde_error(&format!(r#"{{"seatIds":"{}"}}"#, "é".repeat(5_000)));
        assert!(message.starts_with("invalid type: string \"é"), "{message}");
        assert!(message.chars().count() <= MESSAGE_MAX);
    }

    #[test]
    fn a_missing_field_is_named_itself() {
        let named = |text| serde_error(text).0;
        assert_eq!(named(r#"{"seatIds":[]}"#), "contactInfo");
        assert_eq!(named(r#"{"seatIds":[],"contactInfo":{}}"#), "contactInfo.email");
        assert_eq!(named(r#"{"seatIds":[],"seatIds":[]}"#), "seatIds");
        assert_eq!(named("[]"), "body");
    }

    #[test]
    fn a_rule_is_named_by_the_place_that_breaks_it() {
        let text = r#"{"seatIds":["a","b","c"],"contactInfo":{"email":"x"},
                       "guests":[{"email":"a@b.de"},{"email":"y"}]}"#;
        let order: Order = serde_json::from_str(text).unwrap();
        let errors = of_validator(&order.validate().unwrap_err());
        let places: Vec<_> =
            errors.iter().map(|e| (e.field.as_str(), e.message.as_str())).collect();
        assert_eq!(
            places,
            [
                ("contactInfo.email", "must be an e-mail address"),
                ("guests[1].email", "must be an e-mail address"),
                ("seatIds", "must have 1 to 2 entries"),
            ]
        );
    }
}
