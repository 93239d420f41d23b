//! The order of the parts: each after the parts that it refers to.

/// The order of parts that run in parallel.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// The parts that can run, each after the parts that it refers to.
    pub(super) indexes: Vec<usize>,
    /// The parts that refer to each other in a circle.
    pub(super) circular: Vec<usize>,
}

/// Orders parts. `referred[i]` has the indexes of the parts that part `i` refers to, other than
/// itself. Parts that refer to a circle come last.
pub(super) fn order(referred: &[Vec<usize>]) -> Order {
    let reaches = |from: usize, to: usize| {
        let mut seen = vec![false; referred.len()];
        let mut open = vec![from];
        while let Some(one) = open.pop() {
            for next in referred.get(one).into_iter().flatten().copied() {
                if next == to {
                    return true;
                }
                if let Some(seen) = seen.get_mut(next).filter(|seen| !**seen) {
                    *seen = true;
                    open.push(next);
                }
            }
        }
        false
    };
    let all = 0..referred.len();
    let circular: Vec<usize> = all.clone().filter(|one| reaches(*one, *one)).collect();
    let mut indexes = Vec::new();
    loop {
        let ready = |one: &usize| {
            let mut others = referred.get(*one).into_iter().flatten();
            others.all(|other| indexes.contains(other) || circular.contains(other))
        };
        let open = |one: &usize| !indexes.contains(one) && !circular.contains(one);
        match all.clone().filter(open).find(ready) {
            Some(next) => indexes.push(next),
            None => return Order { indexes, circular },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_the_parts_that_they_refer_to() {
        for (referred, indexes, circular) in [
            (vec![vec![], vec![], vec![]], vec![0, 1, 2], vec![]),
            (vec![vec![2], vec![0], vec![]], vec![2, 0, 1], vec![]),
            (vec![vec![1], vec![0], vec![], vec![0]], vec![2, 3], vec![0, 1]),
            (vec![vec![1], vec![2], vec![0], vec![]], vec![3], vec![0, 1, 2]),
        ] {
            assert_eq!(order(&referred), Order { indexes, circular }, "{referred:?}");
        }
    }
}
