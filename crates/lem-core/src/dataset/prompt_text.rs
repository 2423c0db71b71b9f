//! The text of a prompt in a value of a record: a string, a conversation, or a message.

use serde_json::Value;

/// Who asks, in the words of ShareGPT (`from`) and of chat interfaces (`role`).
const ASKING: [&str; 2] = ["human", "user"];

/// What stands between the values of several columns.
const BETWEEN_COLUMNS: &str = "\n\n";

/// Why a value holds no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoText {
    /// Position of its column.
    pub(super) column: usize,
    /// What it is, with its article.
    pub(super) found: &'static str,
}

/// The texts of the columns that have one, with an empty line between them; `None` when none has.
pub(super) fn of_columns(values: &[Value]) -> Result<Option<String>, NoText> {
    let mut texts = Vec::new();
    for (column, value) in values.iter().enumerate() {
        let text = of_value(value).map_err(|found| NoText { column, found })?;
        texts.extend(text.filter(|text| !text.trim().is_empty()));
    }
    Ok((!texts.is_empty()).then(|| texts.join(BETWEEN_COLUMNS)))
}

/// A string as it is; of a conversation the first message of the one who asks; of a message its content.
fn of_value(value: &Value) -> Result<Option<String>, &'static str> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Array(messages) => {
            let asked = messages.iter().find(|message| asks(message));
            asked.map_or(Ok(None), of_message)
        }
        Value::Object(_) => of_message(value),
        Value::Bool(_) => Err("`true` or `false`"),
        Value::Number(_) => Err("a number"),
    }
}

fn asks(message: &Value) -> bool {
    let speaker = message.get("from").or_else(|| message.get("role")).and_then(Value::as_str);
    speaker.is_some_and(|speaker| ASKING.contains(&speaker))
}

/// ShareGPT keeps the content in `value`, chat interfaces in `content`, others in `text`; a content may be cut into
/// parts, of which some are texts.
fn of_message(message: &Value) -> Result<Option<String>, &'static str> {
    let content = ["value", "content", "text"].iter().find_map(|key| message.get(key));
    match content {
        Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Array(parts)) => Ok(Some(parts.iter().filter_map(|part| part.get("text")?.as_str()).collect())),
        Some(Value::Object(_) | Value::Bool(_) | Value::Number(_)) => Err("a message whose content is no text"),
        None => Err("an object without `value`, `content` or `text`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(values: &[Value], expected: Option<&str>) {
        assert_eq!(of_columns(values).unwrap().as_deref(), expected, "{values:?}");
    }

    #[test]
    fn a_string_is_taken_as_it_is_and_an_empty_one_is_none() {
        check(&[json!("  def f():\n")], Some("  def f():\n"));
        for empty in [json!(""), json!(" \n"), Value::Null, json!([]), json!({ "content": null })] {
            check(&[empty], None);
        }
    }

    #[test]
    fn of_a_conversation_the_first_question_is_taken() {
        let sharegpt =
            json!([{ "from": "gpt", "value": "Hello" }, { "from": "human", "value": "Why?" }, { "from": "human", "value": "And?" }]);
        check(&[sharegpt], Some("Why?"));
        let chat = json!([{ "role": "system", "content": "Be brief." }, { "role": "user", "content": "Why?" }]);
        check(&[chat], Some("Why?"));
        let parts = json!([{ "role": "user", "content": [
            { "type": "text", "text": "What is " }, { "type": "image_url", "image_url": {} }, { "type": "text", "text": "this?" },
        ] }]);
        check(&[parts], Some("What is this?"));
        check(&[json!([{ "from": "gpt", "value": "Hello" }])], None);
        check(&[json!({ "content": "Why?" })], Some("Why?"));
        check(&[json!({ "text": "Why?" })], Some("Why?"));
    }

    #[test]
    fn several_columns_are_joined_without_those_that_are_empty() {
        check(&[json!("Translate."), json!("où ?")], Some("Translate.\n\noù ?"));
        check(&[json!("Name a colour."), json!("")], Some("Name a colour."));
        check(&[json!(""), Value::Null], None);
    }

    #[test]
    fn what_is_no_text_is_named_with_its_column() {
        for (value, found) in [
            (json!(7), "a number"),
            (json!(true), "`true` or `false`"),
            (json!({ "id": 1 }), "an object without `value`, `content` or `text`"),
            (json!([{ "role": "user", "content": 7 }]), "a message whose content is no text"),
        ] {
            assert_eq!(of_columns(&[json!("a"), value]), Err(NoText { column: 1, found }));
        }
    }
}
