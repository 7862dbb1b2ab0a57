package claims

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

func base() checktest.Files {
	return checktest.Files{
		"lib.rs":        "pub fn a() -> i32 { 1 }\n\n#[cfg(test)]\nmod tests {\n    fn help() -> i32 { 1 }\n}\n",
		"README.md":     "# Store\n",
		"go.mod":        "module store\n",
		"store.go":      storeGo,
		"store_test.go": "package store\n\nimport \"testing\"\n\nfunc TestOpen(t *testing.T) {\n\tif Open(\"x\") == nil {\n\t\tt.Fatal(\"nil\")\n\t}\n}\n",
		"web/api.js":    "// Api.\nexport function fetchAll(url) {\n  return get(url, 10)\n}\n",
		"app.py":        "def main():\n    \"\"\"Run.\"\"\"\n    return 1\n",
		"legacy.go":     "package store\n\n// Legacy is old.\nfunc Legacy() int { return 1 }\n",
	}
}

const storeGo = `package store

import "errors"

// Store holds values.
type Store struct{ limit int }

// Open opens a store.
func Open(name string) *Store {
	if name == "" {
		return nil
	}
	return &Store{limit: 10}
}

// Put puts a value.
func (s *Store) Put(key string, size int) error {
	if size > s.limit {
		return errors.New("too large")
	}
	return nil
}
`

func edit(old, with string) checktest.Files {
	return checktest.Files{"store.go": strings.Replace(storeGo, old, with, 1)}
}

func run(t *testing.T, claim string, head checktest.Files) evidence.Result {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": base(), "head": base().With(head)})
	req := checktest.Request(evidence.OfTask)
	req.Claim = claim
	return checktest.Run(t, New(), trees, checktest.NoExec(t), req)
}

// limit11 is a change that has nothing to do with what is claimed.
func limit11() checktest.Files { return edit("limit: 10", "limit: 11") }

func TestClaimsThatNothingSupports(t *testing.T) {
	grown := edit("\treturn nil\n}\n", "\tif key == \"\" {\n\t\treturn errors.New(\"no key\")\n\t}\n\tsyscallFsync(key)\n\treturn nil\n}\n")
	for _, tt := range []struct {
		claim string
		head  checktest.Files
		rule  string
		level evidence.Level
	}{
		{"Added unit tests for the store.", limit11(), "no_tests", evidence.Locator},
		{"feat(store): add the limit and tests", limit11(), "no_tests", evidence.Locator},
		{"Tests were added.", limit11(), "no_tests", evidence.Locator},
		{"Add the new limit and thorough unit tests for it.", limit11(), "no_tests", evidence.Locator},
		{"Wrote `Store.limit`, its default, and integration tests covering both.", limit11(), "no_tests", evidence.Locator},
		{"feat: introduce a limit for stores with extensive unit tests", limit11(), "no_tests", evidence.Locator},
		{"The new limit is fully covered by dedicated tests.", limit11(), "no_tests", evidence.Locator},
		{"Raise the limit, with full test coverage.", limit11(), "no_tests", evidence.Locator},
		{"Added detailed edge-case tests.", limit11(), "no_tests", evidence.Locator},
		{"Only test files are changed.", limit11(), "code_changed", evidence.Gate},
		{"I only touched the tests.", limit11(), "code_changed", evidence.Gate},
		{"This is a test-only change.", limit11(), "code_changed", evidence.Gate},
		{"No production code was modified.", limit11(), "code_changed", evidence.Gate},
		{"Changes are limited to the unit tests.", limit11(), "code_changed", evidence.Gate},
		{"Touches only the docs.", limit11(), "code_changed", evidence.Gate},
		{"Only documentation files are changed.", limit11(), "code_changed", evidence.Gate},
		{"Also updated the README.", limit11(), "no_docs", evidence.Locator},
		{"Added an entry to the changelog.", checktest.Files{"README.md": "# New\n"}, "no_docs", evidence.Locator},
		{"The documentation has been updated.", limit11(), "no_docs", evidence.Locator},
		{"Added rate limiting to the API.", checktest.Files{"web/api.js": "// Api.\nexport function fetchAll(url) {\n  return get(url)\n}\n"}, "no_trace", evidence.Locator},
		{"Bump lodash from 4.17.19 to 4.17.21", limit11(), "no_version", evidence.Locator},
		{"Removed dead code.", checktest.Files{"new.go": "package store\n"}, "nothing_removed", evidence.Locator},
		{"Implemented `Store.Get` with a fallback.", limit11(), "not_added", evidence.Locator},
		{"Introduced a `--dry-run` flag.", limit11(), "not_added", evidence.Locator},
		{"Added a `/healthz` endpoint.", limit11(), "not_added", evidence.Locator},
		{"- `web/api.js`: added headers", limit11(), "file_not_touched", evidence.Locator},
		{"### Files changed\n- `internal/none.go`\n", limit11(), "file_not_touched", evidence.Locator},
		{"Removed `Unheard`.", limit11(), "not_removed", evidence.Locator},
		{"Removed the unused function `Legacy`.", limit11(), "still_defined", evidence.Gate},
		{"`Legacy` has been removed.", limit11(), "still_defined", evidence.Gate},
		{"Deleted `legacy.go`.", limit11(), "still_there", evidence.Gate},
		{"Renamed `Legacy` to `Ancient`.", limit11(), "still_defined", evidence.Gate},
		{"Renamed `Limit` to `Ceiling`.", limit11(), "not_renamed", evidence.Locator},
		{"Refactored `Legacy` into smaller functions.", limit11(), "not_touched", evidence.Locator},
		{"Fixed an off-by-one in `fetchAll`.", limit11(), "not_touched", evidence.Locator},
		{"Comments only.", checktest.Files{"app.py": "def main():\n    \"\"\"Run.\"\"\"\n    return 2\n"}, "code_changed", evidence.Gate},
		{"Removed the unused function `fetchAll`.", limit11(), "still_defined", evidence.Gate},
		{"Backwards compatible.", checktest.Files{"web/api.js": "// Api.\n"}, "api_gone", evidence.Locator},
		{"Fixed an off-by-one in `Legacy`.", limit11(), "not_touched", evidence.Locator},
		{"Fixed an off-by-one in `computeOffset`.", limit11(), "not_touched", evidence.Locator},
		{"Comments only.", limit11(), "code_changed", evidence.Gate},
		{"Formatting only.", limit11(), "code_changed", evidence.Gate},
		{"Docs only, no code changes.", limit11(), "code_changed", evidence.Gate},
		{"- No code changes", limit11(), "code_changed", evidence.Gate},
		{"No code was changed.", limit11(), "code_changed", evidence.Gate},
		{"Pure refactor, no behaviour change.", limit11(), "behaviour_changed", evidence.Locator},
		{"No functional changes.", edit("size > s.limit", "size >= s.limit"), "behaviour_changed", evidence.Locator},
		{"No functional changes.", grown, "behaviour_changed", evidence.Locator},
		{"Fully backwards compatible.", edit("func Open(name string)", "func Open(name string, limit int)"), "api_changed", evidence.Locator},
		{"No breaking changes.", checktest.Files{"legacy.go": ""}, "api_gone", evidence.Locator},
		{"Existing tests were not modified.", checktest.Files{"store_test.go": "package store\n"}, "tests_changed", evidence.Gate},
		{"No new dependencies were added.", checktest.Files{"go.mod": "module store\n\nrequire example.org/x v1.0.0\n"}, "new_dependency", evidence.Locator},
	} {
		t.Run(tt.claim, func(t *testing.T) {
			got := run(t, tt.claim, tt.head)
			if tt.rule == "" {
				if len(got.Findings) != 0 {
					t.Errorf("%+v", got.Findings)
				}
				return
			}
			if len(got.Findings) == 0 || got.Status != evidence.Failed {
				t.Fatalf("%s %s", got.Status, got.Why)
			}
			f := got.Findings[0]
			if f.Rule != tt.rule || f.Level != tt.level || f.Level == evidence.Gate && f.Reproduce == "" || !strings.HasPrefix(f.Message, "The report says “") {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestClaimsThatHold(t *testing.T) {
	moved := checktest.Files{"legacy.go": "", "old/legacy.go": base()["legacy.go"]}
	withTest := checktest.Files{"store_test.go": base()["store_test.go"] + "\nfunc TestPut(t *testing.T) {}\n"}
	for claim, head := range map[string]checktest.Files{
		"Added tests for `Put`.":                                       withTest,
		"Existing tests were not modified. ":                           withTest,
		"Add the helper and unit tests for it.":                        withTest,
		"Add support for unit and integration tests.":                  limit11(),
		"Add test coverage of arm64":                                   {".github/workflows/go.yml": "on: push\n"},
		"The limit is covered by existing tests.":                      limit11(),
		"The limit is covered by the unit tests.":                      limit11(),
		"Fix a conflict with the unit tests.":                          limit11(),
		"Add a flag for the runner and tests of v1":                    limit11(),
		"Skip the build when only tests changed.":                      limit11(),
		"Skip CI for a PR that only touches docs.":                     limit11(),
		"Flaky: only tests are affected.":                              limit11(),
		"Only test files are changed.":                                 withTest.With(checktest.Files{"internal/testutil/open.go": "package testutil\n\nfunc Open() {}\n"}),
		"Tests only.":                                                  {"lib.rs": "pub fn a() -> i32 { 1 }\n\n#[cfg(test)]\nmod tests {\n    fn help() -> i32 { 2 }\n}\n"},
		"Touches only test code.":                                      {"README.md": "# New\n"},
		"Updated the README.":                                          {"README.md": "# New\n"},
		"Updated the documentation.":                                   edit("// Put puts a value.", "// Put puts a value of a size."),
		"Added validation of the key.":                                 edit("if size >", "if key == \"\" || size >"),
		"Bumped x to 1.2.0":                                            {"go.mod": "module store\n\nrequire x v1.2\n"},
		"Update action to v4.2.0":                                      {"ci.yml": "uses: a/b@0123456789012345678901234567890123456789\n"},
		"Update taglib to v2.3.1":                                      {"go.mod": "module store\n\nreplace a/taglib => b/taglib v0.0.0-20260511232939-ccd334abae3a\n"},
		"Removed unused code.":                                         {"legacy.go": ""},
		"Deleted `legacy.go`.":                                         {"legacy.go": ""},
		"Removed `Legacy`.":                                            {"legacy.go": "package store\n"},
		"Renamed `Legacy` to `Ancient`.":                               {"legacy.go": strings.ReplaceAll(base()["legacy.go"], "Legacy", "Ancient")},
		"Moved `legacy.go` to `old/legacy.go`.":                        moved,
		"Added `Store.Get`.":                                           edit("// Put puts", "// Get gets.\nfunc (s *Store) Get() {}\n\n// Put puts"),
		"Add the --dry-run flag":                                       edit("limit: 10}", "limit: dryRun}"),
		"Refactored `Put`.":                                            edit("return errors.New(\"too large\")", "return tooLarge()"),
		"Changed `Open`, which now has a higher limit.":                limit11(),
		"Comments only.":                                               edit("// Put puts a value.", "// Put stores a value."),
		"This change only touches comments.":                           {"app.py": "# The app.\ndef main():\n    \"\"\"Run the app.\"\"\"\n    return 1  # one\n", "web/api.js": "// The api.\nexport function fetchAll(url) {\n  return get(url, 10) // ten\n}\n"},
		"Comment-only change. ":                                        edit("return nil\n\t}\n\treturn &Store", "return nil // no name\n\t}\n\treturn &Store"),
		"Formatting only.":                                             edit("&Store{limit: 10}", "&Store{\n\t\tlimit: 10,\n\t}"),
		"Docs only.":                                                   {"README.md": "# New\n"},
		"No functional changes.":                                       edit("func (s *Store) Put", "// More.\nfunc (s *Store) Put"),
		"Pure refactor: extract the check.":                            edit("\tif size > s.limit {\n\t\treturn errors.New(\"too large\")\n\t}\n\treturn nil\n}", "\treturn s.fits(size)\n}\n\nfunc (s *Store) fits(size int) error {\n\tif size > s.limit {\n\t\treturn errors.New(\"too large\")\n\t}\n\treturn nil\n}"),
		"Fully backwards compatible.":                                  edit("// Put puts", "// Len counts.\nfunc (s *Store) Len() int { return 0 }\n\n// Put puts"),
		"No new dependencies were added.":                              {"go.mod": "module store\n\ngo 1.24\n"},
		"- `legacy.go`: formatting only\n- `store.go`: a higher limit": limit11(),
		"Compiles at build time, with no code changes.":                limit11(),
		"Fixed a deadlock with `sync.Pool`.":                           limit11(),
		"Fixed SetOutput() panics on go 1.17":                          limit11(),
		"Fix the limit of stores\x00Formatting only.":                  limit11(), // one of two messages speaks for its own part
		"Add `Foo`\x00Remove `Foo`":                                    limit11(),
		"Fix the limit in `README` examples of `config.yaml`":          limit11(),
		"Update the limit (#12)\n\n* Add `Foo`\n\n* Drop `Foo`":        limit11(),
	} {
		t.Run(claim, func(t *testing.T) {
			if got := run(t, claim, head); len(got.Findings) != 0 || got.Status == evidence.CouldNot {
				t.Errorf("%s %s %+v", got.Status, got.Why, got.Findings)
			}
		})
	}
}

// None of these states that something was done.
func TestWhatIsNoClaim(t *testing.T) {
	for _, text := range []string{
		"I did not add tests because the code is trivial.",
		"Tests will be added in a follow-up PR.",
		"TODO: add tests for the edge cases.",
		"We should add validation here later.",
		"You may want to update the README.",
		"If needed, add a `--verbose` flag.",
		"Could not remove `Legacy`, it is still used.",
		"Before this change, `Legacy` was removed from the cache too early.",
		"The issue asks to \"add tests for the parser\".",
		"> Added tests for the parser",
		"- [ ] Added tests\n- [ ] Updated the README",
		"<!-- Added tests? -->",
		"## Next steps\n- Add tests for `Foo`\n- Update the README",
		"Next steps:\n- Add tests for `Foo`",
		"Consider renaming `Foo` to `Bar`.",
		"Why was `Legacy` removed?",
		"Revert \"Add tests for X\"\n\nThis reverts commit 0123456789.",
		"Remove what nobody uses, with its tests\n\nReverts: Add a limit, with unit tests for it",
		"Merge branch 'main' into x\n\nConflicts:\n\tREADME.md",
		"docs: clarify", "test: stabilise the suite", "refactor: the store", "feat!: new store",
		"Ich habe Tests hinzugefügt und die README aktualisiert.",
		"追加テスト", "Se agregaron pruebas.",
		"No tests were added.", "I have not updated the docs.",
		"Add test workflow for Go 1.22", "Add tests to CI matrix", "Update docs link in CI",
		"Fix panic when `config.yaml` is missing", "Fix crash parsing package.json",
		"Signed-off-by: Added Tests <a@b>", "```\nAdded tests for foo\n```", "~~Added tests.~~",
		"This should be backwards compatible.", "Should not change behaviour.", "Mostly no functional changes, except for `Foo`.",
		"No behaviour change for users of v1", "No breaking changes to `Foo`", "Not a pure refactor",
		"Ensure no test files were changed.", "All tests pass.", "",
		strings.Repeat("`", 1000), "Added `\xff\xfe`", "Added ``", strings.Repeat("Added `", 500),
	} {
		if got := run(t, text, limit11()); got.Status != evidence.Skipped {
			t.Errorf("%q: %s %+v", text, got.Status, got.Findings)
		}
	}
}

func TestNothingWasDone(t *testing.T) {
	for subject, want := range map[evidence.Subject]string{evidence.OfRange: "nothing_done", evidence.OfTask: "", evidence.OfMerge: ""} {
		trees := checktest.New(t, map[string]checktest.Files{"base": base()})
		req := checktest.Request(subject)
		req.Head, req.Claim = req.Base, "Added tests for the store."
		got := checktest.Run(t, New(), trees, checktest.NoExec(t), req)
		if rules := checktest.Rules(got); want == "" && (got.Status != evidence.Skipped || len(rules) > 0) || want != "" && !slices.Equal(rules, []string{want}) {
			t.Errorf("%s: %s %q", subject, got.Status, rules)
		}
	}
}

func TestCannotRun(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": base(), "head": base().With(limit11())})
	broken := &noPatches{trees}
	req := checktest.Request(evidence.OfTask)
	req.Claim = "Added tests for the store."
	e, err := check.New(check.Tools{Trees: broken}, []check.Check{New()}, 1).Judge(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Results[0]; got.Status != evidence.CouldNot || !strings.Contains(got.Why, "disk on fire") {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

// A change of which some lines are unknown is not held against names.
func TestSubmoduleHidesNames(t *testing.T) {
	got := run(t, "Added `Foo`.", checktest.Files{"sub": checktest.Submodule("0123")})
	if len(got.Findings) != 0 || len(got.NotRun) != 1 {
		t.Errorf("%+v %q", got.Findings, got.NotRun)
	}
}

// The same claim keeps its finding when words around it change.
func TestFingerprintIsOfTheClaim(t *testing.T) {
	a := run(t, "Implemented `Store.Get` with a fallback.", limit11()).Findings[0]
	b := run(t, "I have added `Store.Get`.", limit11()).Findings[0]
	c := run(t, "I have added `Store.Has`.", limit11()).Findings[0]
	if a.Fingerprint != b.Fingerprint || a.Fingerprint == c.Fingerprint {
		t.Errorf("%s %s %s", a.Fingerprint, b.Fingerprint, c.Fingerprint)
	}
}

func TestManyClaimsAreFolded(t *testing.T) {
	var text strings.Builder
	for _, n := range []string{"AA", "BB", "CC", "DD", "EE", "FF", "GG"} {
		text.WriteString("- Added `" + n + "`\n")
	}
	if got := run(t, text.String(), limit11()); len(got.Findings) != maxFindings+1 {
		t.Errorf("%d findings", len(got.Findings))
	}
}
