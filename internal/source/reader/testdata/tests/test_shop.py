import os
import sys
import unittest
from unittest import mock

import pytest

CASES = [("a", 1), ("b", 2)]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths")


@pytest.mark.parametrize("a,b", [(1, 2), pytest.param(3, 4, id="x", marks=pytest.mark.xfail)])
async def test_double(a, b):
    """doc"""
    assert f(a) == b, "msg"  # comment
    assert not x.ok
    with pytest.raises(ValueError, match="bad"):
        g()
    try:
        assert h() == 3
    except Exception:
        pass
    if not a:
        return
    x.assert_called_once_with(1)


@pytest.mark.parametrize("name,want", CASES)
def test_named(name, want):
    assert f(name) == want


def test_claims():
    assert True
    assert x == x
    assert (f(1) == 2, "always")
    assert f(1) == 2 or True
    assert f(1) == 2 and g(2) != 3
    assert f(1) is None
    assert f(1) is not None
    assert len(f(1)) == 2
    assert len(f(1)) >= 0
    assert "x" in f(1)
    assert "x" not in f(1)
    assert f(1) == pytest.approx(0.5, abs=1e-3)
    assert f(1) > 3
    assert isinstance(f(1), int)
    if False:
        assert f(1) == 4
    if os.environ.get("CI"):
        assert f(1) == 5
    for a, b in [(1, 2), (3, 4)]:
        assert f(a) == b
    return
    assert f(1) == 6


@pytest.mark.skip(reason="later")
def test_skipped():
    assert f(1) == 1


@pytest.mark.timeout(5)
def test_inner_skip():
    if sys.version_info < (3, 9):
        pytest.skip("old")
    pytest.skip("always")
    assert f(1) == 1


class TestShop(unittest.TestCase):
    @unittest.expectedFailure
    def test_open(self):
        self.assertEqual(open_shop(), 2)
        self.assertEqual(3, open_shop())
        self.assertTrue(open_shop() == 4)
        self.assertFalse(closed())
        self.assertIsNone(x)
        self.assertIn("a", x)
        self.assertAlmostEqual(x, 0.5, places=3)
        self.assertRaises(ValueError, f, 1)
        with self.assertRaisesRegex(KeyError, "no key"):
            f(2)

    @mock.patch("shop.open")
    def test_mock(self, m):
        check_shop(m, 3)
        m.assert_called()

    def helper(self):
        self.assertEqual(1, one())


class NotCollected:
    def test_hidden(self):
        assert f(1) == 1


def check_shop(m, n):
    assert m.n == n


def fixture():
    return 1
