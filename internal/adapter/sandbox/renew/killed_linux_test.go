package renew

import (
	"os"
	"strings"
	"testing"

	"muster/internal/core/job"
)

// What a keeper that was killed did not bring home the next one does, and
// Recover; and another operation of the account before it renews anything.
func TestKilledKeeper(t *testing.T) {
	for name, bring := range map[string]func(p *place){
		"the next attempt": func(p *place) { p.start("a").Stop() },
		"Recover": func(p *place) {
			if err := Recover([]job.Login{p.login("a")}); err != nil {
				p.t.Error(err)
			}
		},
		"another task":         func(p *place) { p.start("b").Stop() },
		"a task under way":     func(p *place) {},
		"a task that was gone": func(p *place) { p.start("a").Stop() },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.put(p.person(), login("old", due))
			a := p.start("a")
			var b *Keeper
			if name == "a task under way" {
				b = p.start("b")
			}
			crash(a)
			p.put(p.copy("a"), login("renewed", fresh))
			bring(p)
			if b != nil {
				if got := p.read(p.copy("b")); !strings.Contains(got, "rt-renewed") {
					t.Errorf("it reads %s", got)
				}
				b.Stop()
			}
			if !p.has("renewed") {
				t.Errorf("the person's file: %s", p.read(p.person()))
			}
			if name != "another task" && name != "a task under way" {
				p.clean("a")
			}
		})
	}
}

// A keeper is killed between the person's file and the record, and by the time
// somebody looks the person's has been renewed again: its tokens stay.
func TestKilledBetweenFileAndRecord(t *testing.T) {
	for _, person := range []string{"renewed", "later"} {
		p := newPlace(t)
		p.put(p.person(), login("old", due))
		crash(p.start("a"))
		p.put(p.copy("a"), login("renewed", fresh))
		p.put(p.person(), login(person, 2*fresh))
		p.start("b").Stop()
		p.start("a").Stop()
		if !p.has(person) {
			t.Errorf("the person's file: %s", p.read(p.person()))
		}
		p.clean("a")
	}
}

// A task whose folder was removed leaves no record.
func TestRecordOfARemovedTask(t *testing.T) {
	p := newPlace(t)
	crash(p.start("a"))
	if err := os.RemoveAll(p.login("a").Root); err != nil {
		t.Fatal(err)
	}
	p.start("b").Stop()
	p.clean("a")
}
