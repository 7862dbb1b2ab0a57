package lasting

import (
	"bufio"
	"context"
	"fmt"
)

// Refs asks git update-ref -z --stdin, which moves refs.
type Refs struct{ *Process }

// Edit carries out a script of update-ref in one transaction: all of it or
// nothing. After an error either may be so, as after any crash; when Git has
// refused the script, which *Failed then says, it is nothing.
func (r Refs) Edit(ctx context.Context, script string) error {
	return r.ask(ctx, "start\x00"+script+"commit\x00", func(out *bufio.Reader) error {
		for _, want := range []string{"start: ok\n", "commit: ok\n"} {
			line, err := out.ReadString('\n')
			if err != nil {
				return err
			}
			if line != want {
				return fmt.Errorf("update-ref answers %q", line)
			}
		}
		return nil
	})
}
