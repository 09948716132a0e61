package barrier_test

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
)

// A step takes effect once, however often it is called, and not at all after its
// undo.
func Example() {
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
		Key:         barrier.Key{Saga: "ord_1", Step: "inventory.reserve"},
		Fingerprint: barrier.Fingerprint(1, "MUG", "2"),
	}
	reserve := func(tx *gorm.DB) (string, error) {
		fmt.Println("two mugs are held")
		return "res_1", nil
	}
	for range 2 {
		reservation, err := barrier.Do(ctx, db, call, reserve)
		fmt.Println(reservation, err)
	}
	for range 2 {
		err := barrier.Undo(ctx, db, call.Key, func(tx *gorm.DB, reservation string) error {
			fmt.Println(reservation, "is released")
			return nil
		})
		fmt.Println(err)
	}
	_, err = barrier.Do(ctx, db, call, reserve)
	fmt.Println(err)

	// Output:
	// two mugs are held
	// res_1 <nil>
	// res_1 <nil>
	// res_1 is released
	// <nil>
	// <nil>
	// SUSPENDED: ord_1/inventory.reserve is undone
}
