import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { byId } from '../dom';
import { App } from './App';

createRoot(byId('root')).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
