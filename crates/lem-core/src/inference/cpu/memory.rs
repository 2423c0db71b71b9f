//! Memory of running requests, of sizes that a configuration decides.

/// Memory that the system does not have.
#[derive(Debug, thiserror::Error)]
#[error("there is no memory for {what}: {}", size(*.bytes))]
pub(crate) struct OutOfMemory {
    what: &'static str,
    /// `None` where no address space would hold it.
    bytes: Option<usize>,
}

fn size(bytes: Option<usize>) -> String {
    bytes.map_or_else(|| "more bytes than can be addressed".to_owned(), |bytes| format!("{bytes} bytes"))
}

/// As many values as the product of `dimensions`.
///
/// All of them are written, so that page faults happen here and not in the window.
pub(crate) fn filled<T: Clone>(what: &'static str, dimensions: &[usize], value: T) -> Result<Vec<T>, OutOfMemory> {
    let length = dimensions.iter().try_fold(1, |product: usize, &dimension| product.checked_mul(dimension));
    let bytes = length.and_then(|length| length.checked_mul(size_of::<T>()));
    let lacks = || OutOfMemory { what, bytes };
    let length = length.filter(|_| bytes.is_some()).ok_or_else(lacks)?;
    let mut memory = Vec::new();
    memory.try_reserve_exact(length).map_err(|_| lacks())?;
    memory.resize(length, value);
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_had_is_an_error() {
        assert_eq!(filled("keys", &[2, 3], 1.5_f32).unwrap(), [1.5; 6]);
        assert!(filled("keys", &[usize::MAX, 2], 0.0_f32).unwrap_err().to_string().contains("more bytes"));
        let too_much = filled("keys", &[usize::MAX / 8, 1], 0.0_f32).unwrap_err().to_string();
        assert!(too_much.starts_with("there is no memory for keys: "), "{too_much}");
    }
}
