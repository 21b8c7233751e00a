//! Random numbers that are the same on every platform: xoshiro256++ (Blackman and Vigna, 2018), seeded by splitmix64.

use crate::math::{exp, ln};

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Rng([u64; 4]);

impl Rng {
    /// The stream of a seed and of what it is for: streams with different labels do not depend on each other, so that a
    /// draw more in one place leaves the rest of the world as it was.
    pub fn new(seed: u64, labels: &[u64]) -> Rng {
        let mut state = seed;
        for label in labels {
            state = splitmix(&mut state) ^ label.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        }
        Rng([(); 4].map(|()| splitmix(&mut state)))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in 0..n; 0 where n is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// A random index of a list of `len`.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// Uniform integer in low..=high.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    /// Uniform in low..high.
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Log-uniform in low..high.
    pub fn log_range(&mut self, low: f64, high: f64) -> f64 {
        exp(self.range(ln(low), ln(high)))
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Standard normal, by Marsaglia's polar method.
    pub fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let r = x * x + y * y;
            if r > 1e-300 && r < 1.0 {
                return x * (-2.0 * ln(r) / r).sqrt();
            }
        }
    }

    /// Log-normal: `median` times e to the power of `sigma` x normal.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * exp(sigma * self.normal())
    }

    /// Gamma of the given shape and scale 1 (Marsaglia and Tsang, 2000).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let u = self.unit().max(1e-300);
            return self.gamma(shape + 1.0) * exp(ln(u) / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = 1.0 + c * x;
            let v = v * v * v;
            let u = self.unit().max(1e-300);
            if v > 0.0 && ln(u) < 0.5 * x * x + d - d * v + d * ln(v) {
                return d * v;
            }
        }
    }

    /// Beta: a gamma's part of two.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        x / (x + y)
    }

    /// Poisson of mean `mean`.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        const STEP: f64 = 16.0; // e^-16 is far from underflow; a Poisson is the sum of Poissons of parts of its mean
        let mut count = 0;
        let mut left = mean.max(0.0);
        while left > 0.0 {
            let bar = exp(-left.min(STEP));
            left -= STEP;
            let mut product = self.unit();
            while product > bar {
                count += 1;
                product *= self.unit();
            }
        }
        count
    }

    /// An index, each as probable as its weight is large; the last where all weights are 0.
    pub fn pick(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (i, w) in weights.iter().enumerate() {
            left -= w;
            if left < 0.0 {
                return i;
            }
        }
        weights.len().saturating_sub(1)
    }

    /// Puts a list in random order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.index(i + 1));
        }
    }
}

/// One step of splitmix64 (Steele, Lea and Flood, 2014).
pub(crate) fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(mut draw: impl FnMut(&mut Rng) -> f64) -> (f64, f64) {
        let mut rng = Rng::new(11, &[3]);
        let draws: Vec<f64> = (0..40_000).map(|_| draw(&mut rng)).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        (mean, draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / draws.len() as f64)
    }

    fn near((mean, variance): (f64, f64), m: f64, v: f64) {
        assert!((mean - m).abs() < 0.05 * m.abs().max(0.4), "mean {mean}, not {m}");
        assert!((variance / v - 1.0).abs() < 0.06, "variance {variance}, not {v}");
    }

    #[test]
    fn splitmix_gives_the_published_sequence() {
        let mut state = 1_234_567;
        assert_eq!(splitmix(&mut state), 6_457_827_717_110_365_317);
        assert_eq!(splitmix(&mut state), 3_203_168_211_198_807_973);
    }

    #[test]
    fn samplers_have_their_distributions_moments() {
        near(moments(|r| r.unit()), 0.5, 1.0 / 12.0);
        near(moments(|r| r.normal()), 0.0, 1.0);
        near(moments(|r| r.gamma(0.5)), 0.5, 0.5);
        near(moments(|r| r.gamma(7.0)), 7.0, 7.0);
        near(moments(|r| r.beta(2.0, 6.0)), 0.25, 0.25 * 0.75 / 9.0);
        near(moments(|r| r.poisson(0.7) as f64), 0.7, 0.7);
        near(moments(|r| r.poisson(45.0) as f64), 45.0, 45.0);
        near(moments(|r| f64::from(u8::from(r.pick(&[1.0, 0.0, 3.0]) == 2))), 0.75, 0.1875);
        near(moments(|r| r.between(-2, 2) as f64), 0.0, 2.0);
    }

    #[test]
    fn streams_differ_by_seed_and_label() {
        let first = |seed, labels: &[u64]| Rng::new(seed, labels).bits();
        assert_eq!(first(1, &[2, 3]), first(1, &[2, 3]));
        assert_ne!(first(1, &[2, 3]), first(1, &[3, 2]));
        assert_ne!(first(1, &[2, 3]), first(2, &[2, 3]));
        assert_ne!(first(1, &[2]), first(1, &[2, 0]));
    }
}
