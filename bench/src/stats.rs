//! The few statistics that the reports use.

/// The median, or `None` for no values; of an even count the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// The median of `b/a` over the pairs in which both were measured.
pub(crate) fn median_ratio(native: &[Option<f64>], other: &[Option<f64>]) -> Option<f64> {
    let ratios: Vec<f64> = native
        .iter()
        .zip(other)
        .filter_map(|(a, b)| Some((*b)? / a.filter(|a| *a > 0.0)?))
        .collect();
    median(&ratios)
}

/// The geometric mean, or `None` for no values; every value must be above zero.
pub(crate) fn geometric_mean(values: &[f64]) -> Option<f64> {
    let count = u32::try_from(values.len()).ok().filter(|n| *n > 0)?;
    let logs: f64 = values.iter().map(|v| v.ln()).sum();
    Some((logs / f64::from(count)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_odd_even_and_none() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn ratios_are_taken_pair_by_pair() {
        // The second round ran on a machine twice as slow: the ratio does not notice.
        let native = [Some(10.0), Some(20.0), None, Some(0.0)];
        let other = [Some(15.0), Some(30.0), Some(9.0), Some(1.0)];
        assert_eq!(median_ratio(&native, &other), Some(1.5));
        assert_eq!(median_ratio(&native, &[None, None, None, None]), None);
    }

    #[test]
    fn geometric_mean_of_reciprocals_is_one() {
        let mean = geometric_mean(&[2.0, 0.5, 4.0, 0.25]).unwrap();
        assert!((mean - 1.0).abs() < 1e-12);
        assert_eq!(geometric_mean(&[]), None);
    }
}
