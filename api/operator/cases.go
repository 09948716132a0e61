package operator

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/problem"
)

// Cases is where support reads and answers the cases of customers. Its errors are faults;
// a case that does not exist is NOT_FOUND.
type Cases interface {
	// List returns a page of cases and the id to go on behind, empty for the end.
	List(ctx context.Context, q CaseQuery) (page []contract.SupportCase, next string, err error)
	// Get returns a case with its messages, as the commands do. A repeat of a command with
	// its key changes nothing.
	Get(ctx context.Context, id string) (contract.SupportCase, error)
	Answer(ctx context.Context, c CaseCommand, text string) (contract.SupportCase, error)
	Assign(ctx context.Context, c CaseCommand, assignee string) (contract.SupportCase, error)
	Close(ctx context.Context, c CaseCommand) (contract.SupportCase, error)
	// TextRules are those of a body with the text of a message; see [body.Form].
	TextRules(ctx context.Context, value any) []contract.FieldError
}

// Limits of a page of cases.
const (
	defaultCases = 20
	maxCases     = 100
)

// CaseQuery selects a page of cases. Empty fields select all.
type CaseQuery struct {
	State, Assignee, After string
	Limit                  int
}

// CaseCommand is the part that all commands about a case have.
type CaseCommand struct{ Case, Key, Operator string }

// CasesConfig configures the operations on cases.
type CasesConfig struct {
	Cases Cases
	Log   *slog.Logger
}

// CaseDesk serves the operations of support on cases.
type CaseDesk struct {
	config                CasesConfig
	answer, assign, close body.Form
}

// NewCases returns the operations of c.
func NewCases(c CasesConfig) *CaseDesk {
	closing := Form("SupportClosing", nil)
	closing.Optional = true
	return &CaseDesk{
		config: c,
		answer: Form("SupportAnswer", c.Cases.TextRules), assign: Form("SupportAssignment", nil), close: closing,
	}
}

// Register adds the routes of the contract admin.yaml that are about cases.
func (s *CaseDesk) Register(r edge.Router) {
	r.GET("/v1/cases", s.list)
	r.GET("/v1/cases/:id", s.get)
	r.POST("/v1/cases/:id/answers", s.postAnswer)
	r.POST("/v1/cases/:id/assign", s.postAssign)
	r.POST("/v1/cases/:id/close", s.postClose)
}

func (s *CaseDesk) list(c echo.Context) error {
	q, err := caseQuery(c.QueryParams())
	if err != nil {
		return err
	}
	page, next, err := s.config.Cases.List(c.Request().Context(), q)
	if err != nil {
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	out := contract.SupportCases{Cases: page}
	if next != "" {
		out.NextCursor = new(base64.RawURLEncoding.EncodeToString([]byte(next)))
	}
	return c.JSON(http.StatusOK, out)
}

// caseQuery reads the parameters of a list.
func caseQuery(p url.Values) (q CaseQuery, err error) {
	q = CaseQuery{State: p.Get("state"), Assignee: p.Get("assignee"), Limit: defaultCases}
	switch contract.CaseState(q.State) {
	case "", contract.Open, contract.Answered, contract.Closed:
	default:
		return q, problem.New(problem.BadRequest, "The state must be one of open, answered, closed.")
	}
	if text := p.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > maxCases {
			return q, problem.New(problem.BadRequest, fmt.Sprintf("The limit must be a number from 1 to %d.", maxCases))
		}
	}
	after, err := base64.RawURLEncoding.DecodeString(p.Get("cursor"))
	if err != nil || len(after) > 0 && len(after) != len("019acf3e-4b80-7c11-8f3e-5d2a9b7c6e10") {
		return q, problem.New(problem.BadRequest, "The cursor is not one of this list.")
	}
	q.After = string(after)
	return q, nil
}

func (s *CaseDesk) get(c echo.Context) error {
	out, err := s.config.Cases.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err //nolint:wrapcheck // a fault, which the edge answers
	}
	return c.JSON(http.StatusOK, out)
}

func (s *CaseDesk) postAnswer(c echo.Context) error {
	var text contract.SupportAnswer
	return s.command(c, s.answer, &text, func(ctx context.Context, cmd CaseCommand) (contract.SupportCase, error) {
		return s.config.Cases.Answer(ctx, cmd, text.Text)
	})
}

func (s *CaseDesk) postAssign(c echo.Context) error {
	var to contract.SupportAssignment
	return s.command(c, s.assign, &to, func(ctx context.Context, cmd CaseCommand) (contract.SupportCase, error) {
		return s.config.Cases.Assign(ctx, cmd, to.Assignee)
	})
}

func (s *CaseDesk) postClose(c echo.Context) error {
	var nothing contract.SupportClosing
	return s.command(c, s.close, &nothing, s.config.Cases.Close)
}

// command answers a command whose body is read into target. The log keeps who gave it, and
// not the text, which is personal data.
func (s *CaseDesk) command(c echo.Context, form body.Form, target any, do func(context.Context, CaseCommand) (contract.SupportCase, error)) error {
	key, err := header.Key(c.Request().Header)
	if err != nil {
		return err //nolint:wrapcheck // a problem
	}
	if err := form.Read(c.Request(), target); err != nil && !errors.Is(err, io.EOF) {
		return err //nolint:wrapcheck // a problem
	}
	ctx := c.Request().Context()
	out, err := do(ctx, CaseCommand{Case: c.Param("id"), Key: key, Operator: By(ctx)})
	if err != nil {
		return err
	}
	s.config.Log.InfoContext(ctx, "support has changed a case", "request_id", edge.RequestID(c), "case", out.Id, "state", out.State, "operator", By(ctx))
	return c.JSON(http.StatusOK, out)
}
