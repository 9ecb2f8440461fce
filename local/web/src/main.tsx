import '@fontsource-variable/inter/index.css';
import '@fontsource-variable/jetbrains-mono/index.css';
import '../styles/page.css';
import { render } from 'preact';
import { App } from './app';

render(<App />, document.getElementById('app')!);
