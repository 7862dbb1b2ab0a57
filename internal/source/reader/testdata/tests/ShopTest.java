class ShopTest {
  @Test
  @Disabled("later")
  void adds() throws Exception {
    assertEquals(3, cart.total());
    assertThat(cart.names()).containsExactly("a", "b");
    assertThrows(IllegalStateException.class, () -> cart.pay());
    if (x) { return; }
  }
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void many(int n) { assertTrue(n > 0); }
}
