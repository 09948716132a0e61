package registry

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/ledger"
)

func TestEveryCodeHasASentence(t *testing.T) {
	t.Parallel()
	declared := 0
	for _, pattern := range []string{"../../fault/*.go", "../../services/*/*.go", "../../services/*/*/*.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			for _, code := range codes(t, file) {
				declared++
				require.Contains(t, Words().Codes, fault.Code(code), file)
			}
		}
	}
	require.Greater(t, declared, 20)
	for code, sentence := range Words().Codes {
		require.NotEmpty(t, sentence, code)
		require.NotContains(t, ".?!", sentence[len(sentence)-1:], "%s is a part of a sentence", code)
	}
}

// codes returns the values of a file's constants of type fault.Code.
func codes(t *testing.T, file string) (found []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	require.NoError(t, err)
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || strings.HasSuffix(file, "_test.go") {
			return true
		}
		name := ""
		switch of := spec.Type.(type) {
		case *ast.Ident:
			name = of.Name
		case *ast.SelectorExpr:
			name = of.Sel.Name
		}
		for _, v := range spec.Values {
			if literal, ok := v.(*ast.BasicLit); ok && name == "Code" {
				value, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				found = append(found, value)
			}
		}
		return true
	})
	return found
}

func TestInWords(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]ledger.Attention{
		"the payment provider is not available":                                                       {Step: "payment.authorize", Code: "PROVIDER_UNAVAILABLE", Kind: "transient"},
		"it is not known whether the money was taken: the payment provider gave no answer":            {Step: "payment.capture", Code: "PROVIDER_TIMEOUT", Kind: "unknown"},
		"it is not known whether parcels are still booked: the carrier gave no answer":                {Step: "shipping.book", Code: "CARRIER_TIMEOUT", Kind: "unknown"},
		"it is not known whether loyalty.book took effect: the last attempt failed with POINTS_STUCK": {Step: "loyalty.book", Code: "POINTS_STUCK", Kind: "unknown"},
	} {
		require.Equal(t, want, Words().Explain(a.Step, a.Code, a.Kind))
	}
}
