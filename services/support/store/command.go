package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/support"
)

// command is one command of an author, which is carried out once for its key.
type command struct {
	subject string // the order or the case, which the transaction has locked
	author  support.Author
	key     string
	content []string // all that a repeat must have, too
}

// row returns the row of the command, without its case. It has hashes: a guest's key may be
// the one that proves an order to be the guest's.
func (c command) row() (commandRow, error) {
	content, err := json.Marshal(c.content)
	if err != nil {
		return commandRow{}, fmt.Errorf("compare a command: %w", err)
	}
	return commandRow{
		Subject: c.subject, Side: string(c.author.Side), Author: c.author.ID, Key: hash([]byte(c.key)), Fingerprint: hash(content),
	}, nil
}

func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// before returns the case of an earlier command with the key, "" if there is none, or
// refuses with IDEMPOTENCY_KEY_REUSED if that had another content.
func (c command) before(tx *gorm.DB) (string, error) {
	this, err := c.row()
	if err != nil {
		return "", err
	}
	var rows []commandRow
	err = tx.Where("subject = ? AND side = ? AND author = ? AND key = ?", this.Subject, this.Side, this.Author, this.Key).Find(&rows).Error
	switch {
	case err != nil:
		return "", fmt.Errorf("look for an earlier command: %w", err)
	case len(rows) == 0:
		return "", nil
	case rows[0].Fingerprint != this.Fingerprint:
		return "", fault.Errorf(fault.Business, support.KeyReused, "the key was used for another request about the order or the case")
	}
	return rows[0].CaseID, nil
}

// done records the command and tells its effect.
func (c command) done(tx *gorm.DB, of support.Case, told event.Event) error {
	this, err := c.row()
	if err != nil {
		return err
	}
	this.CaseID = of.ID
	if err := tx.Create(&this).Error; err != nil {
		return fmt.Errorf("record the command: %w", err)
	}
	return outbox.Tell(tx, told) //nolint:wrapcheck // a fault, or the database's error
}
