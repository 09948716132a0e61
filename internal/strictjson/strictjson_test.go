package strictjson

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
)

var limits = Limits{Depth: 32, Fields: 4, Name: 8, Values: 10_000}

func TestParse(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		in   string
		want any
	}{
		"KeepsIntegersExact":      {`[0, -1, 9223372036854775807]`, []any{int64(0), int64(-1), int64(9223372036854775807)}},
		"KeepsOtherNumbersApart":  {`[1.5, 1e3, -0, 9223372036854775808, 1e400]`, []any{Number("1.5"), Number("1e3"), Number("-0"), Number("9223372036854775808"), Number("1e400")}},
		"ReadsEveryKind":          {` {"a" : [true, false, null, "x", {}, []]} `, map[string]any{"a": []any{true, false, nil, "x", map[string]any{}, []any{}}}},
		"ReadsEscapes":            {`"\u0041\n\"\\\ud83d\ude00"`, "A\n\"\\😀"},
		"ReadsAnEscapedBackslash": {`"\\ud800"`, `\ud800`},
		"KeepsKeysOfOtherCase":    {`{"a": 1, "A": 2}`, map[string]any{"a": int64(1), "A": int64(2)}},
		"ReadsATopLevelNumber":    {`12`, int64(12)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse([]byte(c.in), limits)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()

	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	for name, c := range map[string]struct {
		in      string
		code    fault.Code
		pointer string
	}{
		"Nothing":                 {``, Empty, ""},
		"OnlySpaces":              {" \r\n\t", Empty, ""},
		"AnOpenObject":            {`{`, Syntax, ""},
		"ASecondValue":            {`{} {}`, Syntax, ""},
		"ATrailingComma":          {`[1,]`, Syntax, ""},
		"AComment":                {`[1] // one`, Syntax, ""},
		"NaN":                     {`NaN`, Syntax, ""},
		"ALeadingZero":            {`01`, Syntax, ""},
		"ByteOrderMark":           {"\ufeff{}", Encoding, ""},
		"InvalidUTF8":             {"\"\xff\"", Encoding, ""},
		"EncodedSurrogate":        {"\"\xed\xa0\x80\"", Encoding, ""},
		"EscapedNUL":              {`{"a": ["\u0000"]}`, BadText, "/a/0"},
		"HighSurrogateAlone":      {`{"a": "\ud800"}`, BadText, "/a"},
		"HighSurrogateTwice":      {`{"a": "\ud800\ud800"}`, BadText, "/a"},
		"HighSurrogateThenText":   {`{"a": "\ud800\n"}`, BadText, "/a"},
		"LowSurrogateFirst":       {`{"a": "\udc00\ud800"}`, BadText, "/a"},
		"SurrogateInAKey":         {`{"b": {"\ud800": 1}}`, BadText, "/b"},
		"AKeyTwice":               {`{"a": {"b": 1, "b": 2}}`, DuplicateKey, "/a/b"},
		"AKeyTwiceByEscape":       {`{"a": 1, "\u0061": 2}`, DuplicateKey, "/a"},
		"AKeyTwiceThatNeedsTilde": {`{"a/b~": 1, "a/b~": 2}`, DuplicateKey, "/a~1b~0"},
		"ThirtyThreeDeep":         {nested(33), TooDeep, ""},
		"TenThousandDeep":         {nested(10_000), TooDeep, ""},
		"AMillionDeep":            {nested(1_000_000), TooDeep, ""},
		"TooManyFields":           {`{"a": {"a":1,"b":2,"c":3,"d":4,"e":5}}`, TooLarge, ""},
		"TooManyEqualFields":      {"{" + strings.Repeat(`"a":1,`, 4) + `"a":1}`, TooLarge, ""},
		"TooLongAName":            {`{"a": {"123456789": 1}}`, TooLarge, ""},
		"TooManyElements":         {"[" + strings.Repeat("0,", 10_000) + "0]", TooLarge, ""},
		"TooManyEmptyElements":    {"[" + strings.Repeat("[],", 5_000) + "[]]", TooLarge, ""},
		"TooManyInvalidElements":  {strings.Repeat(",", 10_000), TooLarge, ""},
		"ObjectsTooDeep":          {strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33), TooDeep, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(c.in), limits)
			var refused *Error
			require.ErrorAs(t, err, &refused)
			require.Len(t, refused.Issues, 1)
			require.Equal(t, c.code, refused.Issues[0].Code)
			require.Equal(t, c.pointer, refused.Issues[0].Pointer)
		})
	}

	t.Run("NotWhatIsJustWithinTheLimits", func(t *testing.T) {
		t.Parallel()
		_, err := Parse([]byte(nested(32)), limits)
		require.NoError(t, err)
		_, err = Parse([]byte(`["\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["]`), limits)
		require.NoError(t, err, "brackets in strings do not nest")
		_, err = Parse([]byte(`{"12345678": [{"a":1,"b":2,"c":3,"d":"e:f:g:h:i"}, {"a":1,"b":2,"c":3,"d":4}], "b":0, "c":0, "d":0}`), limits)
		require.NoError(t, err)
		_, err = Parse([]byte("["+strings.Repeat("0,", 9_998)+"0]"), limits)
		require.NoError(t, err)
	})

	t.Run("AllIssuesAtOnceButNotWithoutLimit", func(t *testing.T) {
		t.Parallel()
		_, err := Parse([]byte(`{"a": "\u0000", "b": {"c": 1, "c": 2}}`), limits)
		var refused *Error
		require.ErrorAs(t, err, &refused)
		require.Equal(t, []string{"/a", "/b/c"}, []string{refused.Issues[0].Pointer, refused.Issues[1].Pointer})
		require.ErrorContains(t, err, "and 1 more")

		_, err = Parse([]byte("["+strings.TrimSuffix(strings.Repeat(`"\u0000",`, 5_000), ",")+"]"), limits)
		require.ErrorAs(t, err, &refused)
		require.Len(t, refused.Issues, maxIssues)
	})
}
