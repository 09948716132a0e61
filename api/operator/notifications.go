package operator

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	apiorders "github.com/amends/amends/api/orders"
	"github.com/amends/amends/services/notification"
)

// Messages has the messages to customers. Its errors are faults.
type Messages interface {
	// About returns the newest messages about a subject, oldest first.
	About(ctx context.Context, subject string) ([]notification.Delivery, error)
}

// NotificationsConfig configures [Notifications].
type NotificationsConfig struct {
	Messages Messages
	Log      *slog.Logger
}

// Notifications serves the questions of operators about messages to customers.
type Notifications struct{ config NotificationsConfig }

// NewNotifications returns the operations of c.
func NewNotifications(c NotificationsConfig) *Notifications { return &Notifications{c} }

// Register adds the routes of the contract admin.yaml that are about messages.
func (s *Notifications) Register(r edge.Router) { r.GET("/v1/orders/:id/notifications", s.list) }

// list answers GET /v1/orders/{id}/notifications. The log keeps who asked: the answer has
// personal data.
func (s *Notifications) list(c echo.Context) error {
	ctx := c.Request().Context()
	id, err := apiorders.ParseID(c.Param("id"))
	if err != nil {
		return err //nolint:wrapcheck // a problem
	}
	all, err := s.config.Messages.About(ctx, id)
	if err != nil {
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	s.config.Log.InfoContext(ctx, "an operator reads messages", "request_id", edge.RequestID(c), "order_id", id, "operator", By(ctx))
	answer := contract.Notifications{Notifications: []contract.Notification{}}
	for _, d := range all {
		answer.Notifications = append(answer.Notifications, render(d))
	}
	return c.JSON(http.StatusOK, answer)
}

func render(d notification.Delivery) contract.Notification {
	n := contract.Notification{
		Id: d.ID, Kind: string(d.Kind), Channel: string(d.Channel), Recipient: d.Recipient, State: string(d.State),
		Reason: apiorders.Optional(string(d.Reason)), Address: apiorders.Optional(d.Address), Locale: apiorders.Optional(d.Locale), Provider: apiorders.Optional(d.Provider),
		Attempts: d.Attempts, CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt,
	}
	if d.State == notification.Wanted {
		n.NextAt = at(d.NextAt)
	} else {
		n.EndedAt = at(d.EndedAt)
	}
	return n
}

func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
