package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// isFoundByItsFolder uses the commands beside an `amends dev` with moved ports, with no more
// than its folder.
func isFoundByItsFolder(t *testing.T, dir, id string) {
	t.Helper()
	beside := func(args ...string) string {
		t.Helper()
		p := start(t, nil, append(args, "--data-dir", dir)...)
		require.NoError(t, p.wait(t), "%s", p.err)
		return p.out.String()
	}
	require.Contains(t, beside("order", "show", id[:13]), "Order\t"+id+"\n")
	require.Contains(t, beside("order", "show", id[:13]), "Status\tCONFIRMED\n")
	require.Regexp(t, "(?m)^"+id+"\tCONFIRMED\t\t.*\t126.00 EUR\t", beside("order", "list", "--status", "CONFIRMED"))
	out, err := once(t, nil, "__complete", "order", "show", "--data-dir", dir, id[:4])
	require.NoError(t, err)
	require.Contains(t, out, id+"\tCONFIRMED\n")
	_, err = once(t, nil, "order", "cancel", id[:13], "--data-dir", dir)
	require.ErrorContains(t, err, "PAST_PIVOT")

	placed := beside("order", "place", "--line", "MUG-STONEWARE=2", "--line", "KETTLE-STEEL")
	require.Contains(t, placed, "Status\tCONFIRMED\n")
	require.Contains(t, placed, "Line\t1 × KETTLE-STEEL\n")
	placed = beside("order", "place", "--line", "MUG-STONEWARE", "--token", "tok_vsia")
	require.Contains(t, placed, "Status\tCANCELLED, PAYMENT_DECLINED\n")
	require.Regexp(t, "payment.authorize\trefused\t.*\tTOKEN_INVALID\t", placed, "a mistyped token is no declined card")
	_, err = once(t, nil, "order", "place", "--line", "MUG-STONEWARE=0", "--data-dir", dir)
	require.ErrorContains(t, err, "VALIDATION_FAILED")
	require.ErrorContains(t, err, "lines/0/quantity")

	require.Regexp(t, "(?m)^TEAPOT-LIMITED\t.*\t149.00 EUR\tyes$", beside("catalog", "list"))
	require.Regexp(t, "(?m)^TEA-RETIRED\t.*\tno$", beside("catalog", "list"))
	require.Equal(t, 2, strings.Count(beside("catalog", "list", "--limit", "1"), "\n"))
	require.Equal(t, "Warehouse\tAvailable\tReserved\tSold\tEver received\nBER\t10\t0\t0\t10\n", beside("stock", "show", "TEAPOT-LIMITED"))
	require.Contains(t, beside("seed", "--accounts"), "the demo products and their stock are there\n")
	require.Equal(t, "Warehouse\tAvailable\tReserved\tSold\tEver received\nBER\t10\t0\t0\t10\n", beside("stock", "show", "TEAPOT-LIMITED"), "a repeat changes nothing")
	out, err = once(t, nil, "__complete", "stock", "show", "--data-dir", dir, "TEAPOT")
	require.NoError(t, err)
	require.Contains(t, out, "TEAPOT-LIMITED\tTeapot, limited edition\n")
}

// isForgotten requires that a platform that has stopped leaves no address behind.
func isForgotten(t *testing.T, dir string) {
	t.Helper()
	_, err := os.Stat(filepath.Join(dir, "platform.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
