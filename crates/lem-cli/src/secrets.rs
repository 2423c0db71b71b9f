//! Command lines without what may be a key: they are stored and shown.

/// Words in the name of an option, a variable or a header whose value is nobody's business.
const SECRET_NAMES: [&str; 8] = ["key", "apikey", "token", "secret", "password", "passwd", "credential", "authorization"];

/// Names that end so are as secret, such as `PGPASSWORD`.
const SECRET_ENDINGS: [&str; 3] = ["apikey", "password", "passwd"];

/// Words after which a key stands.
const SCHEMES: [&str; 2] = ["bearer", "basic"];

/// The words of a command without the values of variables that are set before it, and of whatever is named like a key.
/// Words within a word, as of a command for a shell, are looked at as well.
pub(crate) fn hidden<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let (mut is_before, mut is_secret) = (true, false);
    words
        .map(|word| {
            let was_secret = std::mem::take(&mut is_secret);
            if word.contains(' ') {
                is_before = false;
                return hidden(word.split(' ')).join(" ");
            }
            is_before &= is_assignment(word) || word == "env";
            let is_scheme = SCHEMES.contains(&word.to_lowercase().as_str());
            match word.split_once('=') {
                Some((name, _)) if is_before || is_secret_name(name) => format!("{name}=…"),
                _ if was_secret && !is_scheme && !word.starts_with('-') => "…".to_owned(),
                _ => {
                    is_secret = is_scheme || (word.starts_with('-') || word.ends_with(':')) && is_secret_name(word.trim_end_matches(':'));
                    without_user(word)
                }
            }
        })
        .collect()
}

/// An address without the name and password before its host.
fn without_user(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}{path}"),
        None => word.to_owned(),
    }
}

/// Whether a word sets a variable.
pub(crate) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| is_variable(name))
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Values shorter than this are words that stand in any text.
const SHORTEST_KEY: usize = 8;

/// The values of variables of this process that are named like keys: no log and no error may show them.
pub(crate) fn values() -> Vec<String> {
    let secret = std::env::vars().filter(|(name, value)| is_secret_name(name) && value.len() >= SHORTEST_KEY);
    secret.map(|(_, value)| value).collect()
}

fn is_secret_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    let ends = SECRET_ENDINGS.iter().any(|ending| lower.ends_with(ending));
    ends || lower.split(['-', '_', '\'', '"']).any(|part| SECRET_NAMES.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hidden_and_nothing_else() {
        let check = |command: &str, shown: &str| assert_eq!(hidden(command.split(' ')).join(" "), shown);
        check("env A=abc LC_ALL=C run --api-key=x -n=3", "env A=… LC_ALL=… run --api-key=… -n=3");
        check("run --token abc --max-tokens 5 --password -v", "run --token … --max-tokens 5 --password -v");
        check("dd if=/dev/zero of=x", "dd if=/dev/zero of=x");
        let one = |word: &str| hidden(["sh", "-c", word].into_iter()).remove(2);
        assert_eq!(one("run --token abc; PGPASSWORD=x psql"), "run --token … PGPASSWORD=… psql");
        assert_eq!(
            one("curl -H 'Authorization: Bearer abc' https://a:b@host/x?y=1"),
            "curl -H 'Authorization: Bearer … https://…@host/x?y=1"
        );
        check("make CC=gcc HF_TOKEN=abc monkey=1", "make CC=gcc HF_TOKEN=… monkey=1");
    }
}
