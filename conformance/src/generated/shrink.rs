//! Makes a failing program as short as it can be and still fail.

/// Removes ever smaller runs of lines for as long as `fails` holds, in at most `budget` tries.
pub fn shrink<T: Clone>(lines: &[T], budget: usize, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut kept = lines.to_vec();
    let mut tries = 0;
    let mut size = kept.len().div_ceil(2);
    while size > 0 && tries < budget {
        let mut at = 0;
        let mut removed = false;
        while at < kept.len() && tries < budget {
            let end = (at + size).min(kept.len());
            let shorter: Vec<T> = kept[..at].iter().chain(&kept[end..]).cloned().collect();
            tries += 1;
            if fails(&shorter) {
                kept = shorter;
                removed = true;
            } else {
                at = end;
            }
        }
        if size == 1 && !removed {
            break;
        }
        size = if size == 1 { 1 } else { size / 2 };
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::shrink;

    #[test]
    fn keeps_just_what_matters() {
        let lines: Vec<u32> = (0..100).collect();
        let kept = shrink(&lines, 1000, |rest| {
            rest.contains(&13) && rest.contains(&77)
        });
        assert_eq!(kept, [13, 77]);
    }

    #[test]
    fn stops_at_its_budget() {
        let lines: Vec<u32> = (0..100).collect();
        let mut tries = 0;
        shrink(&lines, 10, |_| {
            tries += 1;
            false
        });
        assert_eq!(tries, 10);
    }
}
