package operator

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/problem"
)

// Cases is where support reads and answers the cases of customers. Its errors are faults;
// a case that does not exist is NOT_FOUND.
type Cases interface {
	// List returns a page of cases and the id to go on behind, empty for the end. It refuses
	// with INVALID an id that is not one of a case.
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
	Acts  *Audit
	Log   *slog.Logger
}

// CaseDesk serves the operations of support on cases.
type CaseDesk struct {
	config                CasesConfig
	query                 parameter.Form
	answer, assign, close body.Form
}

// NewCases returns the operations of c.
func NewCases(c CasesConfig) *CaseDesk {
	closing := Form("SupportClosing", nil)
	closing.Optional = true
	return &CaseDesk{
		config: c, query: Parameters("/v1/cases"),
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
	var p contract.ListCasesParams
	if err := s.query.Read(c.Request().URL.RawQuery, &p); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	page, next, err := s.config.Cases.List(c.Request().Context(), CaseQuery{
		State: string(parameter.Value(p.State)), Assignee: parameter.Value(p.Assignee), After: parameter.Value(p.Cursor), Limit: parameter.Limit(p.Limit),
	})
	if err != nil {
		return problem.Unlisted(err, "The cases cannot be listed right now.") //nolint:wrapcheck // a problem
	}
	out := contract.SupportCases{Cases: page}
	if next != "" {
		out.NextCursor = &next
	}
	return c.JSON(http.StatusOK, out)
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
	return s.command(c, "answer", s.answer, &text, func(ctx context.Context, cmd CaseCommand) (contract.SupportCase, error) {
		return s.config.Cases.Answer(ctx, cmd, text.Text)
	})
}

func (s *CaseDesk) postAssign(c echo.Context) error {
	var to contract.SupportAssignment
	return s.command(c, "assign", s.assign, &to, func(ctx context.Context, cmd CaseCommand) (contract.SupportCase, error) {
		return s.config.Cases.Assign(ctx, cmd, to.Assignee)
	})
}

func (s *CaseDesk) postClose(c echo.Context) error {
	var nothing contract.SupportClosing
	return s.command(c, "close", s.close, &nothing, s.config.Cases.Close)
}

// command answers a command whose body is read into target. The log keeps who gave it, and
// not the text, which is personal data.
func (s *CaseDesk) command(c echo.Context, name string, form body.Form, target any, do func(context.Context, CaseCommand) (contract.SupportCase, error)) error {
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
	s.config.Acts.Keep(c, "case "+out.Id, name, "")
	return c.JSON(http.StatusOK, out)
}
