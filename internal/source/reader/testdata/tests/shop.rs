fn double(n: i32) -> i32 { n * 2 }
#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    #[ignore = "slow"]
    fn doubles() {
        assert_eq!(double(2), 4, "msg");
        assert!(double(1) > 0);
        let x = foo().unwrap();
        return;
    }
    #[tokio::test]
    #[should_panic(expected = "bad")]
    async fn panics() { if false { assert_ne!(a, b); } }
}
