import { Component, ComponentChildren } from 'preact';

/** One view that fails must not leave an empty page. */
export class ErrorBoundary extends Component<{ children: ComponentChildren }, { error?: Error }> {
  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  state: { error?: Error } = {};

  componentDidCatch(error: Error): void {
    console.error(error);
  }

  render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <div class="notice" role="alert">
        <h1>This view failed</h1>
        <p>{error.message}</p>
        <details><summary>Where</summary><pre>{error.stack}</pre></details>
        <button type="button" class="button" onClick={() => this.setState({ error: undefined })}>Try again</button>
      </div>
    );
  }
}
