package txn

import (
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
)

type afterKey struct{}

// afters are the functions that run after one transaction, in the order of their calls.
type afters []func()

func (a afters) run() {
	for _, f := range a {
		f()
	}
}

// After has [Run] call f once, after the COMMIT of tx was answered and before Run
// returns; f must not block. It is not called if that attempt is rolled back, nor if the
// answer is lost: then the commit may have happened, so f is a hint, such as a wake-up,
// and never the only way to an effect. Outside of Run it is a fault of kind bug: there
// is no commit that f could follow.
func After(tx *gorm.DB, f func()) error {
	later, ok := tx.Statement.Context.Value(afterKey{}).(*afters)
	if !ok {
		return fault.Errorf(fault.Bug, fault.Internal, "after a transaction that Run does not run")
	}
	*later = append(*later, f)
	return nil
}
