import { describe, it, expect, vi } from 'vitest';
import assert from 'node:assert';
import request from 'supertest';

vi.mock('./db');
jest.setTimeout(20000);

const cases = [{ name: 'one', n: 1 }, { name: 'two', n: 2 }];

describe('calc', () => {
  it.each([[1, 2], [3, 4]])('adds %i', async (a, b) => {
    await expect(add(a)).resolves.not.toBe(b);
    if (x) return;
    expect(add(a)).toEqual({ a: 1 });
  }, 5000);
  it.each`
    a    | want
    ${1} | ${2}
    ${3} | ${4}
  `('adds $a', ({ a, want }) => {
    expect(add(a)).toBe(want);
  });
  test(`tpl ${x}`, function () {
    this.timeout(200);
    assert.strictEqual(add(1), 1);
    assert.equal(2, add(2));
    assert(add(1) === 3);
    assert.ok(true);
    assert.throws(() => add(), /bad/);
  });
  it.skip('skipped', () => expect(1).toBe(1));
  it.only('focused', () => { expect(add(1)).toBeTruthy(); });
  xit('old', () => {});
  it('pending');
  it.todo('later');
  describe.skip('inner', () => {
    it('deep', () => { expect(add(1)).toMatchSnapshot(); });
  });
  for (const c of cases) {
    it(c.name, () => { expect(add(c.n)).toHaveLength(c.n); });
  }
});

it('claims', async () => {
  expect(add(1)).to.equal(2);
  expect(add(1)).to.be.true;
  expect(add(1)).to.not.be.null;
  add(1).should.deep.equal({ b: 2 });
  expect(true).toBe(true);
  expect(x).toBe(x);
  expect(x).toBe(true);
  expect(x).toBeUndefined();
  expect(x).toBeDefined();
  expect(x).toEqual(expect.anything());
  expect(x.list.length).toBeGreaterThanOrEqual(0);
  expect(x.ratio).toBeCloseTo(0.5, 3);
  expect(spy).toHaveBeenCalledWith(1, 'a');
  expect(() => add()).toThrow('bad');
  expect(() => add()).toThrow();
  try {
    expect(add(1)).toBe(7);
  } catch (e) {
    console.log(e);
  }
  try {
    await add(2);
  } catch (e) {
    expect(e.message).toBe('x');
  }
  if (false) {
    expect(add(1)).toBe(8);
  }
  if (process.env.CI) {
    expect(add(1)).toBe(9);
  }
  await request(app).get('/').expect(200).expect('Content-Type', /json/);
  expectUser(user, 'ann');
  await waitFor(() => expect(add(1)).toBe(10));
  await check().catch(() => {});
  return;
  expect(add(1)).toBe(11);
});

test('node', { skip: true, timeout: 100 }, async (t) => {
  await t.test('sub', (t) => { t.assert.equal(add(1), 1); });
});

test('ava', t => {
  t.is(add(1), 2);
  t.deepEqual(add(1), [1, 2]);
});

function expectUser(user: User, name: string) {
  expect(user.name).toBe(name);
}

const fixture = () => ({ a: 1 });
