package rows

import (
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

// Course is the row of a choreographed order beside that in the orders.
type Course struct {
	OrderID      string `gorm:"primaryKey"`
	PaymentToken string
	State        string // JSON
	DueAt        *time.Time
}

// TableName returns the name of the courses.
func (Course) TableName() string { return "courses" }

// AddCourse inserts the course of a new order, with its token.
func AddCourse(tx *gorm.DB, r order.Record, token string) error {
	c := Course{OrderID: r.ID, PaymentToken: token}
	if err := c.take(r); err != nil {
		return err
	}
	if err := database.Queue(tx, 1).Create(&c).Error; err != nil {
		return fmt.Errorf("insert course: %w", err)
	}
	return nil
}

// Token returns the token of an order, empty if it is forgotten.
func Token(db *gorm.DB, id string) (token string, err error) {
	if err := db.Model(&Course{}).Where("order_id = ?", id).Select("payment_token").Scan(&token).Error; err != nil {
		return "", fmt.Errorf("read the token of order %s: %w", id, err)
	}
	return token, nil
}

// Due returns the ids of orders that are due, greater than after, by id, up to limit.
func Due(db *gorm.DB, now time.Time, after string, limit int) (ids []string, err error) {
	err = db.Model(&Course{}).Where("due_at IS NOT NULL AND due_at <= ? AND order_id > ?", now, after).
		Order("order_id").Limit(limit).Pluck("order_id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for orders that are due: %w", err)
	}
	return ids, nil
}

// take copies the course of an order; the clock has nothing to do for one that has ended.
func (c *Course) take(r order.Record) error {
	state, err := json.Marshal(r.Course)
	if err != nil {
		return Unreadable(r.ID, err)
	}
	c.State, c.DueAt = string(state), nil
	if r.Status == order.Pending {
		c.DueAt = new(course.DueAt(r).UTC().Truncate(time.Microsecond))
	}
	return nil
}

// LoadCourses adds their courses to the choreographed ones of records.
func LoadCourses(db *gorm.DB, records ...*order.Record) error {
	of := map[string]*order.Record{}
	var ids []string
	for _, r := range records {
		if r.Style() == order.Choreographed {
			of[r.ID], ids = r, append(ids, r.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var found []Course
	if err := db.Where("order_id IN ?", ids).Find(&found).Error; err != nil {
		return fmt.Errorf("read courses: %w", err)
	}
	for _, c := range found {
		r := of[c.OrderID]
		if err := json.Unmarshal([]byte(c.State), &r.Course); err != nil {
			return Unreadable(r.ID, err)
		}
	}
	for _, id := range ids {
		if of[id].Course == nil {
			return Unreadable(id, gorm.ErrRecordNotFound)
		}
	}
	return nil
}

// WriteCourse writes the course of an order whose row tx has locked, if it has one. It
// forgets the token of an order that is decided: no service needs it any more.
func WriteCourse(tx *gorm.DB, r order.Record) error {
	if r.Course == nil {
		return nil
	}
	c := Course{OrderID: r.ID}
	if err := c.take(r); err != nil {
		return err
	}
	set := map[string]any{"state": c.State, "due_at": c.DueAt}
	if r.Status != order.Pending || r.Decided != "" {
		set["payment_token"] = ""
	}
	if err := database.Queue(tx, 1).Model(&Course{}).Where("order_id = ?", r.ID).Updates(set).Error; err != nil {
		return fmt.Errorf("update course: %w", err)
	}
	return nil
}
