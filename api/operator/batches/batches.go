// Package batches serves the operations on batches: one action for many orders. A batch is a
// list that outlives those who go through it. It asks for nothing by itself, so each repair is
// asked for by a person who may do so at that time.
package batches

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/user"
)

// Config configures [Batches].
type Config struct {
	// Journal keeps them. Nil: there are none, and none can be started.
	Journal user.Journal
	Acts    *operator.Audit
	Log     *slog.Logger
}

// Batches serves the operations.
type Batches struct {
	config      Config
	start, note body.Form
}

// New returns the operations of c.
func New(c Config) *Batches {
	return &Batches{c, operator.Form("StartBatch", nil), operator.Form("NoteBatch", noteRules)}
}

// Register adds the routes of the contract admin.yaml that are about batches.
func (s *Batches) Register(r edge.Router) {
	r.POST("/v1/batches", s.postBatches)
	r.GET("/v1/batches/:id", s.getBatch)
	r.POST("/v1/batches/:id/notes", s.postNotes)
}

// postBatches answers POST /v1/batches.
func (s *Batches) postBatches(c echo.Context) error {
	var in contract.StartBatch
	if err := s.start.Read(c.Request(), &in); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	for i, order := range in.Orders {
		id, err := orders.ParseID(order)
		if err != nil || slices.Contains(in.Orders[:i], id) {
			return wrong(fmt.Sprintf("/orders/%d", i), "is no id of an order, or stands in the list twice")
		}
		in.Orders[i] = id
	}
	if s.config.Journal == nil {
		return unkept(nil)
	}
	ctx, id := c.Request().Context(), rand.Text()[:12]
	acts := begin(id, operator.By(ctx), in, time.Now())
	if err := s.config.Journal.Keep(ctx, acts...); err != nil {
		return unkept(err)
	}
	s.config.Acts.Keep(c, ofBatch+id, fmt.Sprintf("%s %d orders", in.Action, len(in.Orders)), in.Reason)
	s.config.Log.InfoContext(ctx, "an operator has started a batch", "request_id", edge.RequestID(c), "batch", id, "action", in.Action, "orders", len(in.Orders), "operator", operator.By(ctx))
	return c.JSON(http.StatusCreated, fold(id, acts))
}

// getBatch answers GET /v1/batches/{id}.
func (s *Batches) getBatch(c echo.Context) error {
	b, err := s.read(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, b)
}

// postNotes answers POST /v1/batches/{id}/notes.
func (s *Batches) postNotes(c echo.Context) error {
	var in contract.NoteBatch
	if err := s.note.Read(c.Request(), &in); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	ctx := c.Request().Context()
	b, err := s.read(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	a := user.Act{By: operator.By(ctx), About: ofBatch + b.Id, Did: string(in.State), Batch: b.Id}
	if in.Note != nil {
		a.Reason = *in.Note
	}
	if in.Order != nil {
		if position(b, *in.Order) < 0 {
			return problem.New(fault.NotFound, "The order is not in the batch.")
		}
		a.About = ofOrder + *in.Order
	}
	if err := s.config.Journal.Keep(ctx, a); err != nil {
		return unkept(err)
	}
	if in.Order == nil {
		s.config.Acts.Keep(c, a.About, a.Did, a.Reason)
	}
	apply(&b, a)
	return c.JSON(http.StatusOK, b)
}

// page is how many acts are read at once.
const page = 200

// batchID matches the ids of the contract. The journal takes an empty one, as in
// /v1/batches//notes, for the acts that are of no batch.
var batchID = regexp.MustCompile(`^[A-Z0-9]{1,40}$`)

func unknown() error { return problem.New(fault.NotFound, "There is no such batch.") }

// read returns a batch, or NOT_FOUND.
func (s *Batches) read(ctx context.Context, id string) (b contract.Batch, err error) {
	switch {
	case s.config.Journal == nil:
		return b, unkept(nil)
	case !batchID.MatchString(id):
		return b, unknown()
	}
	var all []user.Act
	for before := ""; ; before = all[len(all)-1].ID {
		acts, err := s.config.Journal.Acts(ctx, id, before, page)
		if err != nil {
			return b, problem.Unlisted(err, "Batches cannot be read right now.") //nolint:wrapcheck // a problem
		}
		all = append(all, acts...)
		if len(acts) < page {
			break
		}
	}
	if len(all) == 0 {
		return b, unknown()
	}
	slices.Reverse(all)
	return fold(id, all), nil
}

// unkept returns the problem of an act that the user service has not kept; err is nil if the
// process does not know that service.
func unkept(err error) error {
	if err == nil {
		return problem.New(fault.Unavailable, "The user service, which keeps batches, is not configured here.")
	}
	if fault.CodeOf(err) == fault.Invalid { // a text with the number of a card, or of several lines
		return wrong("", fault.Of(err).Message)
	}
	return &problem.Problem{Code: fault.Unavailable, Detail: "A batch cannot be kept right now.", Cause: err}
}

func wrong(field, message string) error {
	p := problem.New(problem.ValidationFailed, "")
	p.Errors = []contract.FieldError{problem.Field(field, problem.FieldNotAllowed, message)}
	return p
}

// noteRules requires an order for an outcome, and forbids it for a stop and a resumption.
func noteRules(_ context.Context, value any) []contract.FieldError {
	in, _ := value.(map[string]any)
	_, order := in["order"]
	whole := in["state"] == string(contract.NoteStopped) || in["state"] == string(contract.NoteResumed)
	switch {
	case whole && order:
		return []contract.FieldError{problem.Field("/order", problem.FieldNotAllowed, "is not for a note about the whole batch")}
	case !whole && !order:
		return []contract.FieldError{problem.Field("/order", problem.FieldRequired, "is missing")}
	}
	return nil
}
