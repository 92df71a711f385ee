"""A stand-in for Microsoft's side: Entra, Graph and the computers behind them. Imports nothing of the portal."""
