//! The one source of chance: deterministic, so that a failure is found again. `MYCELIUM_TEST_SEED`
//! sets another seed, to explore.

/// A pseudo-random number generator (SplitMix64).
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// The generator of a test: from the environment's seed, else from `default`. Prints the
    /// seed, which the test's output shows when the test fails.
    pub fn for_test(test: &str, default: u64) -> Self {
        let seed = match std::env::var("MYCELIUM_TEST_SEED") {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("MYCELIUM_TEST_SEED: `{text}` is not a number")),
            Err(_) => default,
        };
        println!("{test}: MYCELIUM_TEST_SEED={seed}");
        Self(seed)
    }

    /// The generator with this seed and no other.
    pub fn fixed(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    /// A number from `least` to `most`.
    pub fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of `choices`, which is not empty.
    pub fn choose<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// `len` bytes, most of them small: zeros and ones are what codecs look at.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len)
            .map(|_| match self.below(4) {
                0 => 0,
                1 => self.below(3) as u8,
                _ => self.bits() as u8,
            })
            .collect()
    }

    /// Puts `items` in a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            items.swap(index, self.below(index + 1));
        }
    }
}
