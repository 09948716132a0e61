package api

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/amends/amends/api/operator"
)

// TestOperatorsOpenPayloads: the codec's routes answer as Temporal's remote codecs do, the log
// says who asked and nothing of the payloads, and the pages of the Web UI may call.
func TestOperatorsOpenPayloads(t *testing.T) {
	t.Parallel()
	const ui = "https://temporal.example"
	var log bytes.Buffer
	packing := converter.NewZlibCodec(converter.ZlibCodecOptions{AlwaysEncode: true})
	admin := NewAdmin(Admin{
		Payloads: packing, WebUI: ui, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Operators: []operator.Operator{{Name: "night", Secret: nightSecret}},
	})
	ask := func(method, path string, body []byte, header ...string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(body))
		r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		admin.ServeHTTP(w, r)
		return w
	}
	as := []string{echo.HeaderAuthorization, "Bearer " + nightSecret, "X-Namespace", "shop", echo.HeaderOrigin, ui}
	plain, err := converter.GetDefaultDataConverter().ToPayloads("Birdcage Walk", 7)
	require.NoError(t, err)
	text, err := protojson.Marshal(plain)
	require.NoError(t, err)

	closed := ask(http.MethodPost, "/v1/codec/encode", text, as...)
	require.Equal(t, http.StatusOK, closed.Code, "%s", closed.Body)
	require.Equal(t, ui, closed.Header().Get(echo.HeaderAccessControlAllowOrigin))
	var packed commonpb.Payloads
	require.NoError(t, protojson.Unmarshal(closed.Body.Bytes(), &packed))
	require.False(t, proto.Equal(plain, &packed))
	opened := ask(http.MethodPost, "/v1/codec/decode", closed.Body.Bytes(), as...)
	require.Equal(t, http.StatusOK, opened.Code, "%s", opened.Body)
	var again commonpb.Payloads
	require.NoError(t, protojson.Unmarshal(opened.Body.Bytes(), &again))
	require.True(t, proto.Equal(plain, &again), "the payloads in their order")

	require.Equal(t, 1, strings.Count(log.String(), "operator=night done=opened payloads=2 namespace=shop"), "%s", &log)
	require.NotContains(t, log.String(), "Birdcage")
	require.Equal(t, http.StatusBadRequest, ask(http.MethodPost, "/v1/codec/decode", []byte("{"), as...).Code)
	require.Equal(t, http.StatusUnauthorized, ask(http.MethodPost, "/v1/codec/decode", closed.Body.Bytes(), echo.HeaderOrigin, ui).Code)

	before := ask(http.MethodOptions, "/v1/codec/decode", nil, echo.HeaderOrigin, ui, echo.HeaderAccessControlRequestMethod, http.MethodPost)
	require.Equal(t, ui, before.Header().Get(echo.HeaderAccessControlAllowOrigin))
	require.Contains(t, before.Header().Get(echo.HeaderAccessControlAllowHeaders), echo.HeaderAuthorization)
	for path, origin := range map[string]string{"/v1/codec/decode": "https://elsewhere.example", "/healthz": ui} {
		require.Empty(t, ask(http.MethodOptions, path, nil, echo.HeaderOrigin, origin, echo.HeaderAccessControlRequestMethod, http.MethodPost).
			Header().Get(echo.HeaderAccessControlAllowOrigin), path)
	}
}
