# What the demo says in Polish: its operations are called after their op types, see `Languages`.

sign-out = Wyloguj

demo-score_import = Import wyników
    .stage-load = Wczytanie
    .stage-process = Przetwarzanie
    .stage-save = Zapis
demo-demo_import = Import próbny
    .stage-connect = Połączenie
    .stage-download = Pobieranie
    .stage-check = Sprawdzanie
    .stage-convert = Konwersja
    .stage-save = Zapis
demo-quick_task = Szybkie zadanie
demo-failing_task = Zadanie, które się nie udaje
    .stage-prepare = Przygotowanie
    .stage-send = Wysyłka
demo-panicking_task = Zadanie, które panikuje
    .stage-prepare = Przygotowanie
    .stage-panic = Panika
demo-chain_start = Łańcuch: pierwsza połowa
    .stage-first-half = Pierwsza połowa
demo-chain_end = Łańcuch: druga połowa
    .stage-second-half = Druga połowa
demo-redirecting_task = Zadanie, które przenosi na inną stronę
demo-endless_task = Zadanie bez końca
demo-flaky_task = Kapryśne zadanie
demo-durable_task = Trwałe zadanie
    .stage-fetch = Pobranie
    .stage-convert = Konwersja
    .stage-publish = Publikacja
demo-flood_task = Zadanie-powódź
demo-echo_task = Zadanie-echo
