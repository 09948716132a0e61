package password

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/amends/amends/fault"
)

//go:embed common.txt
var commonText string

// common has the 10,000 most common passwords that are long enough, in lower case. The
// file LICENSE.common names its origin.
var common = sync.OnceValue(func() map[string]bool {
	all := make(map[string]bool, 10_000)
	for line := range strings.Lines(commonText) {
		all[strings.TrimSpace(line)] = true
	}
	return all
})

// Check refuses with WEAK_PASSWORD a password that may not be chosen: shorter than
// [Least] or longer than [Most] code points, or one of the most common ones, in any case.
// It has no rules of composition.
func Check(password string) error {
	n := utf8.RuneCountInString(normal(password))
	switch {
	case !utf8.ValidString(password):
		return fault.Errorf(fault.Business, Weak, "the password must be UTF-8")
	case n < Least:
		return fault.Errorf(fault.Business, Weak, "the password must have at least %d characters", Least)
	case n > Most || utf8.RuneCountInString(password) > Most:
		return fault.Errorf(fault.Business, Weak, "the password must have at most %d characters", Most)
	case common()[strings.ToLower(normal(password))]:
		return fault.Errorf(fault.Business, Weak, "the password is one of the most common ones, which are tried first")
	}
	return nil
}
