package store

import (
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/support"
)

// caseRow is a row of cases.
type caseRow struct {
	ID        string `gorm:"primaryKey"`
	OrderID   string
	Customer  string
	Subject   string
	State     string
	Assignee  string
	CreatedAt time.Time
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
}

// TableName implements gorm's Tabler.
func (caseRow) TableName() string { return "cases" }

func newCaseRow(c support.Case) caseRow {
	return caseRow{c.ID, c.Order, c.Customer, c.Subject, string(c.State), c.Assignee, c.CreatedAt, c.UpdatedAt}
}

// whole returns the case, which has no messages yet.
func (r caseRow) whole() support.Case {
	return support.Case{
		ID: r.ID, Order: r.OrderID, Customer: r.Customer, Subject: r.Subject, State: support.State(r.State), Assignee: r.Assignee,
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// messageRow is a row of messages.
type messageRow struct {
	CaseID   string `gorm:"primaryKey"`
	Position int    `gorm:"primaryKey"`
	Side     string
	Author   string
	Text     string
	At       time.Time
}

// TableName implements gorm's Tabler.
func (messageRow) TableName() string { return "messages" }

// commandRow is a row of commands.
type commandRow struct {
	Subject     string `gorm:"primaryKey"`
	Side        string `gorm:"primaryKey"`
	Author      string `gorm:"primaryKey"`
	Key         string `gorm:"primaryKey"`
	Fingerprint string
	CaseID      string
}

// TableName implements gorm's Tabler.
func (commandRow) TableName() string { return "commands" }

// locking makes a query lock the rows that it reads until its transaction ends.
func locking(tx *gorm.DB) *gorm.DB {
	return tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
}

// read returns a case without its messages, of an order, or of any if that is empty. db
// locks it or does not.
func read(db *gorm.DB, id, order string) (support.Case, error) {
	query := db.Where("id = ?", id)
	if order != "" {
		query = query.Where("order_id = ?", order)
	}
	var row caseRow
	if err := query.Take(&row).Error; errors.Is(err, gorm.ErrRecordNotFound) {
		return support.Case{}, fault.Errorf(fault.Business, fault.NotFound, "there is no such case")
	} else if err != nil {
		return support.Case{}, fmt.Errorf("find the case: %w", err)
	}
	return row.whole(), nil
}

// readMessages adds the messages to a case.
func readMessages(db *gorm.DB, c *support.Case) error {
	var rows []messageRow
	if err := db.Where("case_id = ?", c.ID).Order("position").Find(&rows).Error; err != nil {
		return fmt.Errorf("read the messages: %w", err)
	}
	for _, r := range rows {
		c.Messages = append(c.Messages, support.Message{Author: support.Author{Side: support.Side(r.Side), ID: r.Author}, Text: r.Text, At: r.At.UTC()})
	}
	return nil
}

// writeMessage writes the newest message of a case, which tx has locked or made.
func writeMessage(tx *gorm.DB, c support.Case) error {
	n := len(c.Messages)
	m := c.Messages[n-1]
	if err := tx.Create(&messageRow{c.ID, n, string(m.Author.Side), m.Author.ID, m.Text, m.At}).Error; err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	return nil
}
