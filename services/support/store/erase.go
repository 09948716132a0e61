package store

import (
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/support"
)

// erasedText stands for subjects and messages that are gone.
const erasedText = "(erased)"

// batch is how many cases one statement names.
const batch = 500

// Erase removes erased accounts and all texts from their cases, and from those about erased
// orders, closes these, and takes no more of the accounts. The customer of an erased order may
// open another case, which stays until the order is erased again. Cases, their times and the
// names of support stay. A repeat changes nothing.
func (s *Store) Erase(tx *gorm.DB, accounts, orders []string) error {
	for _, account := range inOrder(accounts) {
		// From here on no transaction writes for the account: see lockAccount.
		err := tx.Exec("INSERT INTO accounts (id, erased) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET erased = excluded.erased", account, true).Error
		if err != nil {
			return fmt.Errorf("erase an account: %w", err)
		}
		if err := eraseCasesOf(tx, "customer", account); err != nil {
			return err
		}
	}
	for _, order := range inOrder(orders) {
		if err := lockOrder(tx, order); err != nil { // a case that is being opened is erased, too
			return err
		}
		if err := eraseCasesOf(tx, "order_id", order); err != nil {
			return err
		}
	}
	return nil
}

// inOrder returns ids as they are to be locked, each once.
func inOrder(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }

// eraseCasesOf erases the cases that have an id in a column.
func eraseCasesOf(tx *gorm.DB, column, id string) error {
	var rows []caseRow
	if err := locking(tx).Where(clause.Eq{Column: column, Value: id}).Order("id").Find(&rows).Error; err != nil {
		return fmt.Errorf("find the cases to erase: %w", err)
	}
	for some := range slices.Chunk(rows, batch) {
		if err := eraseCases(tx, some); err != nil {
			return err
		}
	}
	return nil
}

// eraseCases erases cases that tx has locked, and tells the end of those that were not closed.
func eraseCases(tx *gorm.DB, rows []caseRow) error {
	var ids []string
	var told []event.Event
	for _, r := range rows {
		ids = append(ids, r.ID)
		if c := r.whole(); c.Close(database.Now()) {
			told = append(told, support.ClosedFact.New(c.Order, "", support.ClosedData{Case: c.ID, Order: c.Order, By: support.Customer}))
		}
	}
	for _, change := range []*gorm.DB{
		tx.Exec("UPDATE messages SET text = ? WHERE case_id IN ?", erasedText, ids),
		tx.Exec("UPDATE messages SET author = '' WHERE side = ? AND case_id IN ?", support.Customer, ids),
		tx.Exec("DELETE FROM commands WHERE case_id IN ?", ids), // they have hashes of texts
		tx.Exec("UPDATE cases SET updated_at = ? WHERE state <> ? AND id IN ?", database.Now(), support.Closed, ids),
		tx.Exec("UPDATE cases SET customer = '', subject = ?, state = ? WHERE id IN ?", erasedText, support.Closed, ids),
	} {
		if change.Error != nil {
			return fmt.Errorf("erase cases: %w", change.Error)
		}
	}
	return outbox.Tell(tx, told...) //nolint:wrapcheck // a fault, or the database's error
}

// lockAccount lets the account of an author write in no other transaction, nor be erased
// meanwhile. Without one it does nothing. It refuses with NOT_FOUND if the account is erased.
func lockAccount(tx *gorm.DB, by support.Author) error {
	if by.Side != support.Customer || by.ID == "" {
		return nil
	}
	var erased bool
	err := tx.Raw("INSERT INTO accounts (id, erased) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING erased", by.ID, false).Scan(&erased).Error
	switch {
	case err != nil:
		return fmt.Errorf("lock the account: %w", err)
	case erased:
		return fault.Errorf(fault.Business, fault.NotFound, "there is no such account")
	}
	return nil
}
