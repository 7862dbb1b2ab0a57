package broken

import "fmt"

func Before() int { return 1 }

func Torn( {
	if x {

func After(s string) error {
	if s == "" {
		return fmt.Errorf("empty")
	}
	return nil
}
