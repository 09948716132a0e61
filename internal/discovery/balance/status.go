package balance

import (
	"google.golang.org/grpc/codes"
)

// Failed reports whether an answer speaks against the instance that gave it. A business
// refusal does not: it is an answer, and every instance would give it. Neither does a
// call that its caller has cancelled.
func Failed(c codes.Code) bool {
	switch c {
	case codes.Unavailable, // not there, or its database is not
		codes.DeadlineExceeded,  // it hangs
		codes.ResourceExhausted, // it sheds load: others may have room
		codes.Internal,          // a bug, or a broken configuration
		codes.Unknown,           // it could not find out, for example because it reaches no provider
		codes.DataLoss,
		codes.Unimplemented,   // an older version
		codes.Unauthenticated: // its credentials are out of date, if others accept the call
		return true
	case codes.OK, codes.Canceled, codes.InvalidArgument, codes.NotFound, codes.AlreadyExists,
		codes.PermissionDenied, codes.FailedPrecondition, codes.Aborted, codes.OutOfRange:
		return false
	default: // a code of a later gRPC
		return true
	}
}
