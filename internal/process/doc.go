// Package process is the lifecycle of a running command: which parts it has, in
// which order they start and stop, and how long each may take to end.
//
// [New] returns a context that ends when the command is asked to stop or a part
// fails, and an empty list of [Parts]. [Parts.Start] adds parts in start order;
// [Parts.Stop] stops them in reverse order, so that a part may rely on all earlier
// ones until it has ended: requests first, then workers, then connections.
//
//	ctx, parts := process.New(ctx)
//	defer func() { err = errors.Join(err, parts.Stop()) }()
//	parts.Start(ctx, process.Closer("client", client.Close))
//	parts.Start(ctx, process.HTTP("api", listener, server, drain))
//	<-ctx.Done()
//	return parts.Err() // nil if the command was asked to stop
package process
