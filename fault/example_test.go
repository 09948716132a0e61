package fault_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/amends/amends/fault"
)

// A service says what happened and what it means; a caller asks the chain.
func Example() {
	const outOfStock fault.Code = "OUT_OF_STOCK"
	declined := fault.Errorf(fault.Business, outOfStock, "%d of %s are not there", 2, "MUG")

	for _, err := range []error{
		fmt.Errorf("reserve: %w", declined),
		fmt.Errorf("reserve: %w", context.DeadlineExceeded),
		errors.New("dial tcp 10.0.0.7:5432: connection refused"),
	} {
		f := fault.Of(err)
		fmt.Printf("%s, %s: %s\n", f.Kind, f.Code, f.Message)
	}

	// Output:
	// business, OUT_OF_STOCK: 2 of MUG are not there
	// unknown, TIMEOUT: no answer in time
	// transient, INTERNAL: internal error
}
