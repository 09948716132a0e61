// Package codec opens sealed payloads for operators: the Temporal Web UI and the temporal
// CLI ask it, with the token of an operator, and show the data of sagas to those who may
// see it. It speaks the protocol of Temporal's remote codecs.
package codec

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/problem"
)

// Config configures [Codec].
type Config struct {
	// Payloads seals and opens payloads.
	Payloads converter.PayloadCodec
	// Origin is that of the Temporal Web UI, such as https://temporal.example, whose pages
	// may call from a browser. Empty: no page may.
	Origin string
	// Log gets who opened payloads, and how many.
	Log *slog.Logger
}

// Codec seals and opens payloads for operators.
type Codec struct{ config Config }

// New returns the operations of c.
func New(c Config) *Codec { return &Codec{c} }

// Register adds the routes of the contract admin.yaml that are about payloads.
func (s *Codec) Register(r edge.Router) {
	if s.config.Origin != "" {
		r.Use(s.shared)
	}
	r.POST("/v1/codec/decode", s.run("opened", s.config.Payloads.Decode))
	r.POST("/v1/codec/encode", s.run("sealed", s.config.Payloads.Encode))
}

// shared lets the pages of the Web UI send their requests, and answers the question of a
// browser before one. The rest of the address is for no page of another site.
func (s *Codec) shared(next echo.HandlerFunc) echo.HandlerFunc {
	return middleware.CORSWithConfig(middleware.CORSConfig{
		Skipper: func(c echo.Context) bool {
			p := c.Request().URL.Path
			return p != "/v1/codec/decode" && p != "/v1/codec/encode"
		},
		AllowOrigins: []string{s.config.Origin},
		AllowMethods: []string{http.MethodPost},
		AllowHeaders: []string{echo.HeaderAuthorization, echo.HeaderContentType, "X-Namespace"},
	})(next)
}

// run answers with the payloads of a request, as f returns them.
func (s *Codec) run(done string, f func([]*commonpb.Payload) ([]*commonpb.Payload, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return err //nolint:wrapcheck // the edge knows the error of a body that is too large
		}
		var all commonpb.Payloads
		if err := protojson.Unmarshal(data, &all); err != nil {
			return problem.New(problem.MalformedBody, "The body is not a list of payloads.")
		}
		answer, err := f(all.GetPayloads())
		if err != nil {
			return problem.New(problem.BadRequest, "These payloads cannot be "+done+": "+err.Error()+".")
		}
		s.config.Log.InfoContext(r.Context(), "payloads have passed the codec", "operator", operator.By(r.Context()),
			"done", done, "payloads", len(answer), "namespace", r.Header.Get("X-Namespace"), "request_id", edge.RequestID(c))
		data, err = protojson.Marshal(&commonpb.Payloads{Payloads: answer})
		if err != nil {
			return err //nolint:wrapcheck // a bug, which the edge logs
		}
		return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, data) //nolint:wrapcheck // the client left
	}
}
