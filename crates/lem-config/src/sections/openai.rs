//! A server that runs already and speaks OpenAI's protocol.

use super::server::patience;
use crate::section::section;
use crate::value::{Choice, Quantity, Table};
use lem_domain::spec::Endpoint;
use std::time::Duration;

section! {
    /// A server that runs already and speaks OpenAI's protocol.
    Openai from RawOpenai {
        /// Its address up to the version, such as `http://127.0.0.1:8000/v1`.
        #[validate(url)]
        base_url: String,
        /// `completions`: the prompt as it is. `chat`: as the message of a user, in the server's own template.
        endpoint: Choice<Endpoint> = Choice(Endpoint::Completions),
        /// Name of the environment variable that holds its key; the key itself is read when it is sent and kept nowhere.
        #[validate(length(min = 1, max = 256))]
        api_key_env: String,
        /// How long a request may take, 1s to 24h.
        #[validate(custom(function = "patience"))]
        request_timeout: Quantity<Duration> = Quantity(Duration::from_secs(600)),
        /// More keys of every request, as the server at hand knows them.
        extra_body: Table = Table::default(),
    }
}
