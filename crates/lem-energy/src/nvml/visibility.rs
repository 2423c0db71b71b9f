//! Which boards a CUDA program started from here would see: the rules of `CUDA_VISIBLE_DEVICES`.
//!
//! CUDA C++ Programming Guide, "CUDA Environment Variables", and the MIG User Guide, "CUDA Device Enumeration". An index
//! here counts in NVML's order, which is that of the PCI bus. CUDA's own order puts the fastest board first unless
//! `CUDA_DEVICE_ORDER` is `PCI_BUS_ID`, so on a machine of unlike boards an index may mean another one: a UUID never does.

/// A board as far as naming it goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Candidate {
    /// `GPU-…`; `None` when the board does not even tell that.
    pub(super) uuid: Option<String>,
    /// `MIG-…` of its instances; empty unless it is partitioned.
    pub(super) instances: Vec<String>,
}

/// What a program sees of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Nothing.
    Hidden,
    /// The board.
    Whole,
    /// Of a partitioned board, these of its instances.
    Instances(Vec<usize>),
}

/// What a program sees of each board. `setting` is the variable's value, where it is set.
pub(super) fn sights(setting: Option<&str>, boards: &[Candidate]) -> Vec<Sight> {
    let Some(setting) = setting else { return boards.iter().map(in_full).collect() };
    let mut sights = vec![Sight::Hidden; boards.len()];
    for entry in setting.split(',').map(str::trim) {
        // An entry that names nothing ends the list: CUDA sees what stands before it.
        let Some((board, instance)) = find(entry, boards) else { break };
        match (instance, &mut sights[board]) {
            (None, sight) => *sight = in_full(&boards[board]),
            (Some(instance), Sight::Instances(seen)) => seen.push(instance),
            (Some(instance), sight) => *sight = Sight::Instances(vec![instance]),
        }
    }
    sights
}

/// A partitioned board is never seen whole: CUDA takes its first instance.
fn in_full(board: &Candidate) -> Sight {
    if board.instances.is_empty() { Sight::Whole } else { Sight::Instances(vec![0]) }
}

/// The board that an entry names, and the instance where it names one.
fn find(entry: &str, boards: &[Candidate]) -> Option<(usize, Option<usize>)> {
    if let Ok(index) = entry.parse::<usize>() {
        return (index < boards.len()).then_some((index, None));
    }
    if let Some(instance) = entry.strip_prefix("MIG-") {
        return find_instance(entry, instance, boards);
    }
    if !entry.starts_with("GPU-") {
        return None;
    }
    // A UUID may be cut short as long as it stays unique.
    let mut named = boards.iter().enumerate().filter(|(_, board)| board.uuid.as_deref().is_some_and(|uuid| uuid.starts_with(entry)));
    let (index, _) = named.next()?;
    named.next().is_none().then_some((index, None))
}

/// `MIG-<uuid>`, or `MIG-GPU-<uuid>/<GPU instance>/<compute instance>` of drivers before 470, in which the instance has no
/// name of its own here and the board stands for it.
fn find_instance(entry: &str, rest: &str, boards: &[Candidate]) -> Option<(usize, Option<usize>)> {
    if rest.starts_with("GPU-") {
        return find(rest.split('/').next()?, boards);
    }
    boards.iter().enumerate().find_map(|(index, board)| {
        let instance = board.instances.iter().position(|uuid| uuid == entry)?;
        Some((index, Some(instance)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boards() -> Vec<Candidate> {
        let whole = |uuid: &str| Candidate { uuid: Some(uuid.to_owned()), instances: Vec::new() };
        let partitioned = Candidate { uuid: Some("GPU-bbcc".to_owned()), instances: vec!["MIG-1111".to_owned(), "MIG-2222".to_owned()] };
        vec![whole("GPU-aa11"), whole("GPU-aa22"), partitioned, Candidate::default()]
    }

    /// `W` whole, `.` hidden, digits the instances.
    fn seen(setting: Option<&str>) -> String {
        let letters = sights(setting, &boards()).into_iter().map(|sight| match sight {
            Sight::Hidden => ".".to_owned(),
            Sight::Whole => "W".to_owned(),
            Sight::Instances(instances) => instances.iter().map(usize::to_string).collect(),
        });
        letters.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_variable_means_what_cuda_makes_of_it() {
        let check = |setting, expected| assert_eq!(seen(setting), expected, "{setting:?}");
        check(None, "W W 0 W");
        check(Some(""), ". . . .");
        check(Some("-1"), ". . . .");
        check(Some("NoDevFiles"), ". . . .");
        check(Some("1"), ". W . .");
        check(Some("3, 0"), "W . . W");
        check(Some("0,-1,1"), "W . . .");
        check(Some("0,7,1"), "W . . .");
        check(Some("0,x,1"), "W . . .");
        check(Some("GPU-aa22"), ". W . .");
        check(Some("GPU-aa2"), ". W . .");
        check(Some("GPU-bb,GPU-aa1"), "W . 0 .");
        // Two boards begin like this.
        check(Some("GPU-aa"), ". . . .");
        check(Some("aa22"), ". . . .");
    }

    #[test]
    fn instances_are_named_and_their_board_stands_for_the_first() {
        let check = |setting, expected| assert_eq!(seen(Some(setting)), expected, "{setting}");
        check("MIG-2222", ". . 1 .");
        check("MIG-2222,MIG-1111", ". . 10 .");
        check("MIG-3333", ". . . .");
        check("MIG-GPU-bbcc/7/0", ". . 0 .");
        check("2", ". . 0 .");
    }
}
