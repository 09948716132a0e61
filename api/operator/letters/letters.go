// Package letters serves the operations of operators on dead letters: events that a
// listening service could not handle.
package letters

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/text"
)

// Desk is where operators read and decide about the dead letters of the listening
// services in a process. Its errors are faults.
type Desk interface {
	// Groups returns the names of the services, always in the same order.
	Groups() []string
	// Dead returns at most limit dead letters of a group behind the position after, those
	// of one key if it is not empty, and the position to go on behind, 0 for the end.
	Dead(ctx context.Context, group, key string, after int64, limit int) (page []contract.DeadLetter, next int64, err error)
	// Redrive records that a dead letter is to be handled again. A repeat is another
	// decision; the letter has one effect nevertheless. Code: NOT_FOUND.
	Redrive(ctx context.Context, d Decision) (contract.LetterDecision, error)
	// RedriveAll records that all dead letters of a group, or those of a key, are to be handled
	// again, one after the other. It begins slowly, keeps to the rate, and stops at the first
	// failure. A repeat is another redrive. Code: NOT_FOUND if there is no such letter.
	RedriveAll(ctx context.Context, d Decision) (contract.Redrive, error)
	// Progress returns how far a redrive of a group is. Code: NOT_FOUND.
	Progress(ctx context.Context, group, id string) (contract.Redrive, error)
	// Discard gives up an event that waits or is dead. Code: NOT_FOUND, for a repeat too.
	Discard(ctx context.Context, d Decision) (contract.LetterDecision, error)
}

// Decision is an operator's decision about one event of a group, by its ID, or about those of a
// Key, or all. Rate is 0 for the default.
type Decision struct {
	Group, ID, Key, Reason, Operator string
	Rate                             int64
}

// Config configures [Letters].
type Config struct {
	Desk Desk
	Acts *operator.Audit // nil: only the letters keep the decisions
	Log  *slog.Logger
}

// Letters serves the operations of operators on dead letters.
type Letters struct {
	config           Config
	query, of        parameter.Form
	redrive, discard body.Form
	many             body.Form
}

// New returns the operations of c.
func New(c Config) *Letters {
	return &Letters{
		config: c, query: operator.Parameters("/v1/dead-letters"),
		redrive: operator.Form("RedriveDeadLetter", nil), discard: operator.Form("DiscardDeadLetter", nil),
		of: operator.Parameters("/v1/redrives/{id}"), many: operator.Form("RedriveDeadLetters", redrivesRules),
	}
}

// Register adds the routes of the contract admin.yaml that are about dead letters.
func (s *Letters) Register(r edge.Router) {
	r.GET("/v1/dead-letters", s.list)
	r.POST("/v1/dead-letters/:id/redrive", s.postRedrive)
	r.POST("/v1/dead-letters/:id/discard", s.postDiscard)
	r.POST("/v1/redrives", s.postRedrives)
	r.GET("/v1/redrives/:id", s.getRedrive)
}

func (s *Letters) postRedrive(c echo.Context) error {
	return s.decide(c, s.redrive, http.StatusAccepted, s.config.Desk.Redrive)
}

func (s *Letters) postDiscard(c echo.Context) error {
	return s.decide(c, s.discard, http.StatusOK, s.config.Desk.Discard)
}

// list answers GET /v1/dead-letters: those of one service after the other.
func (s *Letters) list(c echo.Context) error {
	q, err := s.read(c.Request().URL.RawQuery)
	if err != nil {
		return err
	}
	answer := contract.DeadLetters{DeadLetters: []contract.DeadLetter{}}
	for i, group := range q.groups {
		page, next, err := s.config.Desk.Dead(c.Request().Context(), group, q.key, q.after, q.limit-len(answer.DeadLetters))
		if err != nil {
			return err //nolint:wrapcheck // a fault, which the edge answers
		}
		answer.DeadLetters, q.after = append(answer.DeadLetters, page...), 0
		if next != 0 {
			answer.NextCursor = new(cursor(group, next))
			break
		}
		if len(answer.DeadLetters) == q.limit && i+1 < len(q.groups) {
			answer.NextCursor = new(cursor(q.groups[i+1], 0))
			break
		}
	}
	return c.JSON(http.StatusOK, answer)
}

// decide answers the decision that a request has in its body. The log keeps who decided,
// and not the reason, which may hold personal data.
func (s *Letters) decide(c echo.Context, form body.Form, status int, decide func(context.Context, Decision) (contract.LetterDecision, error)) error {
	var body contract.RedriveDeadLetter // a discard has no rate, and the same other fields
	if err := form.Read(c.Request(), &body); err != nil {
		return err
	}
	if err := s.here(body.Group); err != nil {
		return err
	}
	id, err := pathID(c)
	if err != nil {
		return err
	}
	d := Decision{Group: body.Group, ID: id, Reason: body.Reason, Operator: operator.By(c.Request().Context())}
	if body.Rate != nil {
		d.Rate = int64(*body.Rate)
	}
	ctx := c.Request().Context()
	log := s.config.Log.With("request_id", edge.RequestID(c), "group", d.Group, "event", d.ID, "operator", d.Operator)
	made, err := decide(ctx, d)
	if err != nil {
		log.InfoContext(ctx, "a decision about a dead letter is refused", "code", problem.Of(err).Code)
		return err
	}
	log.InfoContext(ctx, "an operator has decided about a dead letter", "action", made.Action, "decision", made.Id)
	s.config.Acts.Keep(c, "letter "+d.Group+"/"+d.ID, made.Action, d.Reason)
	return c.JSON(status, made)
}

// pathID returns the id in a request's path, which is logged. Echo leaves it escaped if the path
// has an escape that it needs, such as %2F.
func pathID(c echo.Context) (string, error) {
	id, err := c.Param("id"), error(nil)
	if c.Request().URL.RawPath != "" {
		id, err = url.PathUnescape(id)
	}
	if err != nil || !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return "", problem.New(problem.BadRequest, "The id in the path is no text.")
	}
	if text.IsCard(id) {
		return "", problem.New(problem.BadRequest, "The id in the path is the number of a card.")
	}
	return id, nil
}

// here returns nil for a group of this process.
func (s *Letters) here(group string) error {
	if slices.Contains(s.config.Desk.Groups(), group) {
		return nil
	}
	return problem.New(fault.NotFound, "No service of this group runs in this process.")
}
