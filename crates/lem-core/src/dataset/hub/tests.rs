//! Against a hub on the loopback interface.

use super::survey::survey_on;
use super::*;
use crate::hub::Access;
use crate::hub::server::{Served, Server, closed_endpoint, serve};
use hf_hub::Cache;
use lem_domain::protocol::{Fault, PromptContent, SeamError};
use std::net::TcpListener;
use std::time::Duration;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const CONVERTED: &str = "89abcdef0123456789abcdef0123456789abcdef";

fn parquet() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/datasets/zstd.parquet")).unwrap()
}

fn main_branch(repository: &'static str, files: &[(&str, &[u8])]) -> Served {
    let files = files.iter().map(|&(name, content)| (name.to_owned(), content.to_vec())).collect();
    Served { repository, revisions: &["main", "v1"], commit: COMMIT, files }
}

fn converted(repository: &'static str, files: &[(&str, &[u8])]) -> Served {
    Served { revisions: &["refs/convert/parquet"], commit: CONVERTED, ..main_branch(repository, files) }
}

fn hub(cache: &tempfile::TempDir, endpoint: &str, access: Access) -> Hub {
    let patience = Duration::from_secs(20);
    Hub { cache: Cache::new(cache.path().to_owned()), endpoint: Some(endpoint.to_owned()), token: None, access, patience }
}

fn online(cache: &tempfile::TempDir, server: &Server) -> Hub {
    hub(cache, &server.endpoint, Access::Online)
}

fn offline(cache: &tempfile::TempDir) -> Hub {
    hub(cache, "http://127.0.0.1:9", Access::CacheOnly)
}

fn source(dataset: &str) -> HubSource {
    HubSource { dataset: dataset.to_owned(), ..HubSource::default() }
}

struct Loaded {
    facts: DatasetFacts,
    findings: Vec<Finding>,
    prompts: Vec<(String, String)>,
}

impl Loaded {
    fn hub(&self) -> &HubFacts {
        self.facts.hub.as_ref().unwrap()
    }
}

fn load(hub: &Hub, source: &HubSource, count: Option<usize>) -> Result<Loaded, DatasetError> {
    let mut draw = Draw::new(count, false, 0);
    let (facts, findings) = read_on(hub, source, &mut draw)?;
    let prompts = draw.finish().into_iter().map(|prompt| match prompt.content {
        PromptContent::Text(text) => (prompt.id, text),
        PromptContent::Synthetic { .. } => panic!("a set holds texts"),
    });
    Ok(Loaded { facts, findings, prompts: prompts.collect() })
}

#[test]
fn a_set_is_fetched_once_and_then_found_without_the_hub() {
    let cache = tempfile::tempdir().unwrap();
    let server = serve(vec![main_branch("datasets/org/name", &[("README.md", b""), ("data/train-00000-of-00001.parquet", &parquet())])]);
    let first = load(&online(&cache, &server), &source("org/name"), None).unwrap();
    let expected: Vec<_> = [1, 2, 3, 5, 7].map(|row| (format!("row-{row}"), format!("Question {}, où ?", row - 1))).into();
    assert_eq!(first.prompts, expected);
    assert_eq!(first.facts.name, "org/name");
    assert_eq!((first.facts.available, &first.facts.columns), (Some(5), &vec!["question".to_owned()]));
    let files = vec!["data/train-00000-of-00001.parquet".to_owned()];
    let place = HubFacts { revision: COMMIT.to_owned(), subset: None, split: Some("train".to_owned()), files };
    assert_eq!(first.hub(), &place);
    let again = load(&offline(&cache), &source("org/name"), None).unwrap();
    assert_eq!((again.facts, again.prompts), (first.facts, expected));

    // A commit whose files are known is not asked about again.
    let asked = server.requests.lock().unwrap().len();
    load(&online(&cache, &server), &source(&format!("org/name@{COMMIT}")), None).unwrap();
    assert_eq!(server.requests.lock().unwrap().len(), asked);
    load(&online(&cache, &server), &source("org/name@v1"), None).unwrap();
    assert!(server.requests.lock().unwrap().len() > asked);
}

#[test]
fn only_as_many_shards_are_fetched_as_a_sample_needs() {
    let shards = ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"];
    let parquet = parquet();
    let server = serve(vec![main_branch("datasets/org/name", &[(shards[1], &parquet), (shards[0], &parquet)])]);
    let cache = tempfile::tempdir().unwrap();
    let few = load(&online(&cache, &server), &source("org/name"), Some(3)).unwrap();
    assert_eq!((few.hub().files.as_slice(), few.facts.available), (&[shards[0].to_owned()][..], None));
    // The second shard is not there, and nobody may fetch it.
    let error = load(&offline(&cache), &source("org/name"), Some(8)).err().unwrap();
    assert!(matches!(error, DatasetError::NotCached { .. }), "{error:?}");
    let more = load(&online(&cache, &server), &source("org/name"), Some(8)).unwrap();
    assert_eq!(more.hub().files, shards);
    assert_eq!(more.prompts[5].0, "row-8", "rows are counted through all files");
    assert_ne!(more.facts.sha256, few.facts.sha256);
}

#[test]
fn the_converted_branch_serves_a_set_that_has_no_parquet() {
    let served = vec![
        main_branch("datasets/org/name", &[("train.csv", b"question\nnot this one\n")]),
        converted("datasets/org/name", &[("default/train/0000.parquet", &parquet()), ("default/partial-test/0000.parquet", &parquet())]),
    ];
    let server = serve(served);
    let cache = tempfile::tempdir().unwrap();
    for hub in [online(&cache, &server), offline(&cache)] {
        let loaded = load(&hub, &source("org/name"), None).unwrap();
        assert_eq!((loaded.hub().revision.as_str(), loaded.prompts.len(), loaded.findings.len()), (CONVERTED, 5, 1));
    }
    let part = HubSource { split: Some("test".to_owned()), ..source("org/name") };
    let partial = load(&online(&cache, &server), &part, None).unwrap();
    assert!(partial.findings.iter().any(|finding| finding.code == FindingCode::PromptsPartial), "{:?}", partial.findings);
    // A revision that is asked for is read as it is.
    let pinned = load(&online(&cache, &server), &source("org/name@v1"), None).unwrap();
    assert_eq!(pinned.prompts, [("row-1".to_owned(), "not this one".to_owned())]);
}

#[test]
fn a_set_without_parquet_anywhere_is_read_from_its_own_files() {
    let server = serve(vec![main_branch(
        "datasets/org/name",
        &[("train.jsonl", b"{\"text\": \"one\"}\n"), ("test.jsonl", b"{\"text\": \"two\"}\n")],
    )]);
    let cache = tempfile::tempdir().unwrap();
    assert_eq!(load(&online(&cache, &server), &source("org/name"), None).unwrap().prompts[0].1, "one");
    let test = HubSource { split: Some("test".to_owned()), ..source("org/name") };
    assert_eq!(load(&online(&cache, &server), &test, None).unwrap().prompts[0].1, "two");
    let named = HubSource { file: Some("test.jsonl".to_owned()), ..source("org/name") };
    assert_eq!(load(&offline(&cache), &named, None).unwrap().prompts[0].1, "two");
}

#[test]
fn short_names_lead_to_their_repositories() {
    let sharegpt = br#"[{"id": "a", "conversations": [{"from": "human", "value": "Why?"}]}]"#;
    let alpaca = b"[{\"instruction\": \"Translate.\", \"input\": \"a\"}]";
    let served = vec![
        main_branch(
            "datasets/anon8231489123/ShareGPT_Vicuna_unfiltered",
            &[("ShareGPT_V3_unfiltered_cleaned_split.json", sharegpt), ("HTML_cleaned_raw_dataset/sg_90k_part1_html_cleaned.json", b"[]")],
        ),
        main_branch("datasets/tatsu-lab/alpaca", &[("data/train.json", alpaca)]),
        main_branch(
            "datasets/cais/mmlu",
            &[
                ("all/test-00000-of-00001.parquet", &parquet()),
                ("all/dev-00000-of-00001.parquet", b""),
                ("anatomy/test-00000-of-00001.parquet", b""),
            ],
        ),
        main_branch(
            "datasets/openai/gsm8k",
            &[("main/train-00000-of-00001.parquet", &parquet()), ("socratic/train-00000-of-00001.parquet", b"")],
        ),
    ];
    let server = serve(served);
    let cache = tempfile::tempdir().unwrap();
    let load = |name: &str| load(&online(&cache, &server), &source(name), None).unwrap();
    assert_eq!(load("sharegpt").prompts[0].1, "Why?");
    assert_eq!(load("alpaca").prompts[0].1, "Translate.\n\na");
    let mmlu = load("mmlu");
    assert_eq!((mmlu.hub().subset.as_deref(), mmlu.hub().split.as_deref(), mmlu.prompts.len()), (Some("all"), Some("test"), 5));
    assert_eq!(load("gsm8k").hub().subset.as_deref(), Some("main"));

    let states: Vec<_> = survey_on(&offline(&cache)).into_iter().map(|one| (one.set.name, one.state)).collect();
    let whole = CacheState::Whole { revision: COMMIT.to_owned() };
    let expected = [
        ("ai-energy-score", CacheState::Nothing),
        ("alpaca", whole.clone()),
        ("sharegpt", whole.clone()),
        ("gsm8k", whole.clone()),
        ("mmlu", whole),
    ];
    assert_eq!(states, expected);
}

#[test]
fn fetching_brings_every_file_of_the_split_and_no_other() {
    let parquet = parquet();
    let server = serve(vec![main_branch(
        "datasets/org/name",
        &[
            ("data/train-00000-of-00002.parquet", &parquet),
            ("data/train-00001-of-00002.parquet", &parquet),
            ("data/test-00000-of-00001.parquet", b""),
        ],
    )]);
    let cache = tempfile::tempdir().unwrap();
    let paths = fetch_on(&online(&cache, &server), &source("org/name")).unwrap();
    let names: Vec<_> = paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]);
    assert_eq!(load(&offline(&cache), &source("org/name"), None).unwrap().prompts.len(), 10);
}

#[test]
fn what_another_program_fetched_is_used_and_said_to_be_of_unknown_extent() {
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join("datasets--org--name");
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write("refs/main", COMMIT.as_bytes());
    write(&format!("snapshots/{COMMIT}/train.jsonl"), b"{\"text\": \"one\"}\n");
    let found = load(&offline(&cache), &source("org/name"), None).unwrap();
    assert_eq!(found.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [FindingCode::PromptsPartial]);
    write(&format!("snapshots/{COMMIT}/data/train-00000-of-00001.parquet"), &parquet());
    let found = load(&offline(&cache), &source("org/name"), None).unwrap();
    assert!(found.findings.iter().all(|finding| finding.code != FindingCode::PromptsPartial), "its name says that it is the only one");
}

#[test]
fn names_that_lead_out_of_the_cache_are_as_good_as_not_there() {
    let evil: &[u8] = b"{\"text\": \"evil\"}\n";
    let server = serve(vec![main_branch(
        "datasets/org/name",
        &[("../../../../evil/train.jsonl", evil), ("/tmp/train.jsonl", evil), ("a/../../train.jsonl", evil)],
    )]);
    let cache = tempfile::tempdir().unwrap();
    assert!(matches!(load(&online(&cache, &server), &source("org/name"), None), Err(DatasetError::NoData { .. })));
    for file in ["../../../../evil/train.jsonl", "/tmp/train.jsonl"] {
        let named = HubSource { file: Some(file.to_owned()), ..source("org/name") };
        assert!(matches!(load(&online(&cache, &server), &named, None), Err(DatasetError::NoSuchFile { .. })));
    }
    for dataset in ["../name", "org/..", "org/name@../../x", "/etc/passwd", "org/name/more", "name", ""] {
        assert!(matches!(load(&offline(&cache), &source(dataset), None), Err(DatasetError::UnknownSet { .. })), "{dataset}");
    }
}

#[test]
fn a_file_that_changed_in_the_cache_is_refused() {
    let cache = tempfile::tempdir().unwrap();
    let server = serve(vec![main_branch("datasets/org/name", &[("train.jsonl", b"{\"text\": \"one\"}\n")])]);
    load(&online(&cache, &server), &source("org/name"), None).unwrap();
    let path = fetch_on(&offline(&cache), &source("org/name")).unwrap().remove(0);
    std::fs::write(std::fs::canonicalize(path).unwrap(), b"{\"text\": \"two\"}\n").unwrap();
    assert!(matches!(load(&offline(&cache), &source("org/name"), None), Err(DatasetError::NotAsFetched { .. })));
}

#[test]
fn mistakes_name_what_there_is() {
    let cache = tempfile::tempdir().unwrap();
    let server = serve(vec![main_branch(
        "datasets/org/name",
        &[("fr/train-00000-of-00001.parquet", b""), ("de/train-00000-of-00001.parquet", b"")],
    )]);
    let check = |source: &HubSource, what: &str, hint: &str| {
        let error = SeamError::from(load(&online(&cache, &server), source, None).err().unwrap());
        assert!(error.what.contains(what) && error.hint.as_deref().unwrap().contains(hint), "{error:?}");
        assert_eq!(error.fault, Fault::Usage);
    };
    check(&source("org/name"), "several subsets", "`de`, `fr`");
    let french = HubSource { subset: Some("fr".to_owned()), ..source("org/name") };
    check(&HubSource { subset: Some("it".to_owned()), ..french.clone() }, "no subset `it`", "`de`, `fr`");
    check(&HubSource { split: Some("test".to_owned()), ..french.clone() }, "no split `test`", "`train`");
    check(&HubSource { file: Some("gone.csv".to_owned()), ..french }, "no file `gone.csv`", ".parquet");
    check(&source("squad"), "`squad` is no data set", "lem datasets");
}

#[test]
fn without_the_hub_the_error_names_the_cache_and_the_way_to_fill_it() {
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join("datasets--tatsu-lab--alpaca").display().to_string();
    for hub in [offline(&cache), hub(&cache, &closed_endpoint(), Access::Online)] {
        let error = SeamError::from(load(&hub, &source("alpaca"), None).err().unwrap());
        assert_eq!(error.fault, Fault::Preflight);
        let text = format!("{}\n{}", error.what, error.hint.unwrap());
        assert!(text.contains(&folder) && text.contains("lem datasets fetch alpaca"), "{text}");
    }
}

#[test]
fn a_hub_that_accepts_and_says_nothing_is_given_up() {
    let cache = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let hub = Hub { patience: Duration::from_millis(200), ..hub(&cache, &endpoint, Access::Online) };
    assert!(matches!(load(&hub, &source("org/name"), None), Err(DatasetError::HubSilent { .. })));
}

#[test]
fn the_token_goes_to_the_hub_and_into_no_message() {
    let cache = tempfile::tempdir().unwrap();
    let server = serve(vec![main_branch("datasets/org/name", &[("train.jsonl", b"x")])]);
    let token = "hf_secret";
    for (endpoint, dataset) in
        [(server.endpoint.clone(), "org/name"), (server.endpoint.clone(), "org/unknown"), (closed_endpoint(), "org/name")]
    {
        let hub = Hub { token: Some(token.to_owned()), ..hub(&cache, &endpoint, Access::Online) };
        let error = load(&hub, &source(dataset), None).err().unwrap();
        assert!(!format!("{error:?} {error} {:?}", SeamError::from(load(&hub, &source(dataset), None).err().unwrap())).contains(token));
    }
    let requests = server.requests.lock().unwrap();
    assert!(!requests.is_empty() && requests.iter().all(|request| request.contains(token)), "{requests:?}");
}
