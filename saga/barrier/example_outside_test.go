package barrier_test

import (
	"context"
	"fmt"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
)

// An effect in an external system: the intent is committed before the call, so that
// the attempt after a crash asks before calling again.
func ExampleIntend() {
	ctx := context.Background()
	db, err := database.Open(ctx, "sqlite::memory:", database.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = database.Close(db) }()
	if err := (database.Schema{barrier.Migrations}).Migrate(ctx, db); err != nil {
		fmt.Println(err)
		return
	}

	call := barrier.Call{
		Key:         barrier.Key{Saga: "ord_1", Step: "payment.authorize"},
		Fingerprint: barrier.Fingerprint(1, "1299", "EUR"),
	}
	provider := map[string]string{} // the external system: it keeps one charge per key
	authorize := func(crash bool) (string, error) {
		ticket, err := barrier.Intend[string](ctx, db, call, nil)
		if err != nil || ticket.Done {
			return ticket.Outcome, err
		}
		id := call.Key.String()
		if ticket.Repeat && provider[id] != "" {
			fmt.Println("the provider has it already")
		} else {
			provider[id] = "auth_1"
		}
		if crash {
			return "", context.DeadlineExceeded
		}
		return provider[id], barrier.Conclude(ctx, db, call.Key, provider[id], nil)
	}
	for _, crash := range []bool{true, false, false} {
		reference, err := authorize(crash)
		fmt.Printf("%q %v\n", reference, err)
	}

	// Output:
	// "" context deadline exceeded
	// the provider has it already
	// "auth_1" <nil>
	// "auth_1" <nil>
}
